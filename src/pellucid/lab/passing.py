"""A picture, a sound or a film on its way through the convolutions of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.lab.digits import pictures_of
from pellucid.lab.own import Own
from pellucid.lab.rows import row_number, shown
from pellucid.lab.taught import Taught, taught
from pellucid.lab.thumbnails import grey, previews
from pellucid.networks.layers.convolution import Convolution, Whitening

CHANNELS = 8  # of a layer that are shown: those that differ most from place to place
FILTERS = 24
SIDE = 40  # pixels of a map


def passing(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """The filters of the first convolution, and what each convolution makes of one row."""
    network = taught(pictures_of(own))
    convolutions = convolutions_of(network)
    place = row_number(question, len(network.rows))
    row = int(network.rows[place])
    cells = network.cells([row])
    entered, seen = _run(network, convolutions, network.raw([row]))
    filters = convolutions[0].weight.detach()
    answers = [kind.columns[0] for kind in network.schema.targets]
    known = [name for name in answers if name in network.table.columns]
    answer = network.table.take([row], known) if known else None
    return {
        "about": network.about,
        "given": network.given,
        "name": network.table.name,
        "numbers": network.rows.tolist(),
        "row": row,
        "kind": network.schema.media[0].kind,
        "answer": "" if answer is None else shown(answer[known[0]][0]),
        "pictures": previews(network.schema, cells),
        "measured": any(isinstance(each, Whitening) for each in network.deep.inputs.modules()),
        "entered": {"shape": list(entered.shape), "maps": _maps(entered[:3])},
        "filters": {"shape": list(filters.shape), "maps": grey(filters[:FILTERS].mean(1), SIDE)},
        "kernel": _rounded(filters[0, 0]),
        "patch": _rounded(_middle(entered[0], filters.shape[-1] + 1)),
        "layers": [
            {"shape": list(output.shape), "maps": _maps(output), "weights": each.weight.numel()}
            for each, output in zip(convolutions, seen, strict=True)
        ],
    }


def convolutions_of(network: Taught) -> list[Convolution]:
    """Every convolution of the first encoder, in order."""
    found = [each for each in network.deep.inputs.modules() if isinstance(each, Convolution)]
    if not found:
        raise UsageError("This network has no convolution of pictures to look at.")
    return found


def _run(
    network: Taught, convolutions: list[Convolution], raw: dict[str, Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """What the first convolution is given and what each answers, (channels, height, width)."""
    seen: dict[nn.Module, Tensor] = {}
    entered: list[Tensor] = []

    def keep(module: nn.Module, args: Any, output: Any) -> None:
        middle = len(output) // 2  # of a film's moments, or of columns
        entered.append(args[0][middle])
        seen.setdefault(module, output[middle])

    hooks = [each.register_forward_hook(keep) for each in convolutions]
    try:
        with torch.inference_mode():
            network.deep(raw)
    finally:
        for hook in hooks:
            hook.remove()
    return entered[0].clone(), [seen[each].clone() for each in convolutions if each in seen]


def _middle(picture: Tensor, side: int) -> Tensor:
    """A square from the middle, as large as the picture allows."""
    top, left = ((length - side) // 2 for length in picture.shape)
    return picture[max(0, top) :, max(0, left) :][:side, :side]


def _rounded(values: Tensor) -> list[list[float]]:
    return [[round(value, 2) for value in row] for row in values.tolist()]


def _maps(output: Tensor) -> dict[str, Any]:
    order = output.flatten(1).var(1).argsort(descending=True)[:CHANNELS]
    return grey(output[order.sort().values].contiguous(), SIDE)
