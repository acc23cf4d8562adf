"""A network's own matrices: singular values, a block of two by two, one neuron's sum on one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.lab.own import Own
from pellucid.lab.rows import row_number
from pellucid.lab.taught import Dense, Taught, chosen, dense_layers, taught
from pellucid.networks.layers.convolution import Convolution

SHOWN = 64  # rows and columns of a matrix that are drawn
TERMS = 7  # of a neuron's sum that are shown one by one
ROWS = 240  # on which a layer's sums are counted
BINS = 48
NEURONS = 128  # whose sums are counted one by one


def matrix(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """One weight matrix: its entries, its singular values, and those of its entries shuffled.

    The shuffled matrix holds the same numbers in other places: what its singular values lack is
    what learning has put in order.
    """
    network = taught(own)
    layers = dense_layers(network)
    layer = chosen(layers, question.get("layer"))
    weight = layer.weight.double()
    draw = torch.Generator().manual_seed(0)
    order = torch.randperm(weight.numel(), generator=draw)
    mixed = weight.flatten()[order].view_as(weight)
    return {
        "about": network.about,
        "layers": [each.name for each in layers],
        "layer": layer.name,
        "shape": list(weight.shape),
        "entries": [[round(v, 4) for v in row] for row in weight[:SHOWN, :SHOWN].tolist()],
        "values": torch.linalg.svdvals(weight).tolist(),
        "shuffled": torch.linalg.svdvals(mixed).tolist(),
    }


def layers(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """The weighted sums from the input layers' vectors to the first output, one after the other."""
    network = taught(own)
    found = [each for each in dense_layers(network) if each.bends]
    found += [each for each in dense_layers(network) if not each.bends][:1]
    return {
        "about": network.about,
        "given": network.given,
        "members": int(network.deep.scale.weight.shape[0]),
        "layers": [
            {
                "name": each.name,
                "inputs": each.weight.shape[1],
                "outputs": each.weight.shape[0],
                "activation": "relu" if each.bends else "",
            }
            for each in found
        ],
    }


def unit(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """One neuron on one row: the largest terms of its sum, the rest of them, and its answer."""
    network = taught(own)
    layers = dense_layers(network)
    layer = chosen(layers, question.get("layer"))
    place = row_number(question, len(network.rows))
    some = _some(network, place)
    given, sums = layer_sums(network, layer, network.raw(network.rows[some]))
    at = int(np.flatnonzero(some == place)[0])
    neuron = question.get("neuron", _telling(layer, sums, at))
    if not isinstance(neuron, int) or not 0 <= neuron < len(layer.bias):
        raise UsageError(f"{layer.name} has {len(layer.bias)} neurons; there is no {neuron!r}.")
    terms = given[at] * layer.weight[neuron]
    order = terms.abs().argsort(descending=True)
    first, rest = order[:TERMS].tolist(), order[TERMS:]
    return {
        "about": network.about,
        "layers": [each.name for each in layers],
        "layer": layer.name,
        "neurons": len(layer.bias),
        "neuron": neuron,
        "numbers": network.rows.tolist(),
        "row": int(network.rows[place]),
        "name": own.table.name,
        "bends": layer.bends,
        "terms": [
            {"name": layer.inputs[i], "x": float(given[at][i]), "w": float(layer.weight[neuron][i])}
            for i in first
        ],
        "rest": {"count": len(rest), "sum": float(terms[rest].sum())},
        "bias": float(layer.bias[neuron]),
        "sum": float(sums[at][neuron]),
        "others": sums[:, neuron].tolist(),
    }


def sums(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """How the sums before a layer's bend are spread over rows, and which neurons are never on."""
    network = taught(own)
    bends = _bends(network)
    names = [name for name, _, _ in bends]
    wanted = question.get("layer") or names[0]
    if wanted not in names:
        raise UsageError(f"There is no layer {wanted!r}; there are {', '.join(names)}.")
    _, module, function = bends[names.index(wanted)]
    found: list[Tensor] = []
    hook = module.register_forward_hook(lambda m, a, output: found.append(output.detach()))
    raw = network.raw(network.rows[: ROWS if function == "relu" else ROWS // 4])
    try:
        with torch.no_grad():
            network.deep(raw)
    finally:
        hook.remove()
    seen = _by_neuron(found[0], function)
    reach = float(seen.abs().quantile(0.995)) if seen.numel() < 2**23 else float(seen.abs().max())
    reach = max(reach, 0.5)
    each = [torch.histc(row.clamp(-reach, reach), BINS, -reach, reach) for row in seen[:NEURONS]]
    return {
        "about": network.about,
        "layers": names,
        "layer": wanted,
        "function": function,
        "rows": len(next(iter(raw.values()))),
        "neurons": len(seen),
        "reach": reach,
        "all": torch.histc(seen.clamp(-reach, reach), BINS, -reach, reach).tolist(),
        "each": [bins.tolist() for bins in each],
        "below": (seen < 0).double().mean(1).tolist(),
        "never": int((seen.amax(1) < 0).sum()),
        "mean": float(seen.mean()),
    }


def _telling(layer: Dense, sums: Tensor, at: int) -> int:
    """A neuron to begin with: not silent on this row, and its answers differ most."""
    answers = sums.relu() if layer.bends else sums
    spread = answers.std(0, correction=0)
    return int(torch.where(answers[at] != 0, spread, spread.new_tensor(-1.0)).argmax())


def _some(network: Taught, place: int) -> Any:
    """Rows beside which one row is seen, itself among them."""
    some = np.arange(min(len(network.rows), ROWS))
    return some if place < len(some) else np.append(some[:-1], place)


def layer_sums(network: Taught, layer: Dense, raw: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """What a layer is given and what it sums up, as its first member does it: (rows, …)."""
    found: list[tuple[Tensor, Tensor]] = []

    def keep(module: nn.Module, args: Any, output: Any) -> None:
        found.append((args[0].detach()[0], output.detach()[0]))

    hook = layer.module.register_forward_hook(keep)
    try:
        with torch.no_grad():
            network.deep(raw)
    finally:
        hook.remove()
    return found[0]


def _bends(network: Taught) -> list[tuple[str, nn.Module, str]]:
    """What stands before a bend: its name, the module whose output is bent, and by what."""
    deep = network.deep
    found: list[tuple[str, nn.Module, str]] = [
        (layer.name, layer.module, "relu") for layer in dense_layers(network) if layer.bends
    ]
    convolutions = [each for each in deep.inputs.modules() if isinstance(each, Convolution)]
    for number, each in enumerate(convolutions):
        found.append((f"convolution {number + 1}", each.norm, "gelu"))
    if not found:
        raise UsageError("This network has no hidden layer with a bend behind it.")
    return found


def _by_neuron(output: Tensor, function: str) -> Tensor:
    """(neurons, sums): a dense layer's last axis, a convolution's channels."""
    if function == "relu":
        return output.flatten(0, -2).T.float()
    return output.transpose(0, 1).flatten(1).float()
