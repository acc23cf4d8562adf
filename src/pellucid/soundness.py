"""Whether a model that was read from files holds together, found out before it is used.

The files may be damaged or made by an attacker. None of their content is run; what it could still
do is ask for more memory than there is, bring patterns that take for ever, or fail much later.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import polars as pl
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from pellucid.data.table import Table
from pellucid.errors import Mends
from pellucid.kinds.text import Text
from pellucid.kinds.wording import Wording
from pellucid.media.files import NO_FILES
from pellucid.model import Model
from pellucid.networks.network import Network, new_network
from pellucid.schema import Schema
from pellucid.settings import Settings
from pellucid.training.plan import Plan

# What code that trusts its data raises where they do not fit together.
UNSOUND = (
    KeyError, TypeError, AttributeError, ValueError, IndexError, RuntimeError, ArithmeticError,
    pl.exceptions.PolarsError,
)  # fmt: skip
FACTORIES = {torch.rand, torch.randn, torch.randint, torch.zeros, torch.ones, torch.empty}
TYPES: dict[str, Any] = {
    "float": (int, float), "int": int, "bool": bool, "str | None": (str, type(None)),
    "int | None": (int, type(None)),
}  # fmt: skip
AnyKind = TypeVar("AnyKind")
LISTS = ("ignore", "known", "backbones")  # settings that name several things
SLACK = 1_000  # numbers that a network makes beside those that the file holds


def sound_schema(schema: Any) -> Schema:
    """The schema itself, its tokenizers made anew from their vocabulary and merges alone."""
    if not isinstance(schema, Schema) or not schema.inputs or not schema.targets:
        raise TypeError("it has no schema")
    names = [*schema.columns, *(name for kind in schema.targets for name in kind.columns)]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise TypeError("its columns have no names of their own")
    inputs = tuple(_sound_kind(kind) for kind in schema.inputs)
    targets = tuple(_sound_kind(kind) for kind in schema.targets)
    return replace(schema, inputs=inputs, targets=targets)


def sound_network(schema: Schema, plan: Plan, weights: Mapping[str, Tensor]) -> Network:
    """The network that schema and plan describe, with the weights; no larger than these are."""
    for path, count in (("deep", plan.folds), ("tables", plan.folds if plan.table else 0)):
        found = len({name.split(".")[1] for name in weights if name.startswith(f"{path}.")})
        if found != count:
            raise ValueError(f"the plan has {count} networks ({path}), the weights are of {found}")
    with _AtMost(sum(tensor.numel() for tensor in weights.values()) + SLACK):
        table = None if plan.table is None else plan.table.body
        network = new_network(schema, plan.body, plan.folds, 0, table)
    wanted = network.state_dict()
    if wanted.keys() != weights.keys():
        raise ValueError(f"weights {sorted(wanted.keys() ^ weights.keys())[0]!r} do not belong")
    for name, tensor in weights.items():
        shape = tensor.shape if name.startswith("trees.") else wanted[name].shape  # trees grow
        if tensor.shape != shape or tensor.dtype != wanted[name].dtype:
            raise ValueError(
                f"{name} is {tuple(tensor.shape)} {tensor.dtype}, "
                f"not {tuple(shape)} {wanted[name].dtype}"
            )
        if tensor.is_floating_point() and tensor.isnan().any():
            raise ValueError(f"{name} holds weights that are no numbers")
    network.load_state_dict(dict(weights))
    return network.eval()


def sound_settings(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, each of its own type."""
    settings = Settings(**saved)
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if not isinstance(value, TYPES.get(str(field.type), object)):
            raise TypeError(f"the setting {field.name} is {value!r}")
    kinds, lists = dict(settings.kinds), {name: list(getattr(settings, name)) for name in LISTS}
    words = [word for each in lists.values() for word in each]
    if not all(isinstance(word, str) for word in (*kinds, *kinds.values(), *words)):
        raise TypeError("its settings name columns by other things than text")
    return {**vars(settings), "kinds": kinds, **lists}


def try_out(model: Model) -> None:
    """Predict two rows, one with all cells missing and one with something in each."""
    cells = pl.DataFrame({name: [None, "1"] for name in model.schema.columns}).cast(pl.String)
    table = Table("a trial", cells.lazy(), cells.height, files=NO_FILES)
    if [frame.height for frame in model.predictions(table, Mends(), proba=True)] != [cells.height]:
        raise ValueError("it does not give one prediction a row")


def check_evidence(model: Model) -> None:
    """What later verbs take from the evidence is there, and of the right type."""
    if not model.evidence:
        return
    for name in model.targets:
        performance = model.evidence["targets"][name]["performance"]
        numbers = [performance[key] for key in ("value", "low", "high")]
        if not all(isinstance(n, int | float) for n in numbers):
            raise TypeError(f"the performance of {name!r} is no number")
    dict(model.evidence["reproduce"]["versions"])
    str(model.evidence["data"]["hash"])


class _AtMost(TorchFunctionMode):
    """While entered, tensors of at most so many numbers in all are made; ValueError beyond."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.left = numbers

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if function in FACTORIES:
            given = args[2:] if function is torch.randint else args
            self.left -= math.prod(given[0] if isinstance(given[0], tuple | list) else given)
            if self.left < 0:
                raise ValueError("plan and schema describe more weights than the file holds")
        return function(*args, **(kwargs or {}))


def _sound_kind(kind: AnyKind) -> AnyKind:
    """The kind itself; a tokenizer that it holds is made anew."""
    if isinstance(kind, Text):
        ours = Text.fit(pl.DataFrame({"": [""]})).tokenizer
        return replace(kind, tokenizer=_sound_tokenizer(kind.tokenizer, ours))
    if isinstance(kind, Wording):
        ours = Wording.fit_target(pl.Series("", [""])).tokenizer
        return replace(kind, tokenizer=_sound_tokenizer(kind.tokenizer, ours))
    return kind


def _sound_tokenizer(tokenizer: str, like: str) -> str:
    saved, ours = json.loads(tokenizer), json.loads(like)
    for part in ("normalizer", "pre_tokenizer", "decoder", "added_tokens"):
        if saved[part] != ours[part]:
            raise ValueError(f"its tokenizer has a {part} that `learn` does not make")
    vocabulary, merges = saved["model"]["vocab"], saved["model"]["merges"]
    pairs = [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in merges]
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ValueError("its tokenizer does not number its pieces one by one")
    if not all(a in vocabulary and b in vocabulary and a + b in vocabulary for a, b in pairs):
        raise ValueError("its tokenizer merges pieces that it does not have")
    ours["model"] |= {"vocab": vocabulary, "merges": pairs}
    return json.dumps(ours)
