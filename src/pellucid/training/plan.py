"""The plan of a run: everything that decides the weights, written down before training starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pellucid.errors import ModelError
from pellucid.networks.network import Body


@dataclass(frozen=True)
class Plan:
    """Same data, seed, threads and plan give the same bytes of weights."""

    body: Body
    folds: int  # deep networks, each with its own rows to choose on; 1 = one split
    batch: int
    rate: float
    decay: float
    steps: int  # of one deep network, before it anneals
    evaluate_every: int
    patience: int
    threads: int
    trees: int = 0  # rounds of boosting; 0 = no tree-shaped path
    curve: tuple[int, ...] = ()  # numbers of rows at which the learning curve is measured
    cuts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # what the clock changed

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Plan:
        """From plain values; ModelError where one is missing or out of bounds."""
        try:
            body = Body(**saved["body"])
            plan = cls(**{**saved, "body": body, "curve": tuple(saved["curve"])})
        except (KeyError, TypeError) as error:
            raise ModelError(f"The plan is damaged or of another version: {error}.") from error
        numbers = (body.members, body.width, body.embedding, plan.folds, plan.batch, plan.threads)
        whole = all(isinstance(n, int) and 0 < n <= 2**20 for n in numbers)
        if not whole or body.members * body.width > 2**22 or not 0 <= body.blocks <= 64:
            raise ModelError(
                f"The plan asks for an impossible network: {body}, folds {plan.folds}."
            )
        return plan
