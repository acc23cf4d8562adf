"""The plan of a run: everything that decides the weights, written down before training starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pellucid.errors import ModelError
from pellucid.networks.layers import Encoder
from pellucid.networks.network import Body

CUT = re.compile(r"anneal_at|stop_at|hurry_at_\d{1,12}")


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
    linear_rows: int = 100_000  # the most that the linear path is solved on
    trees: int = 0  # rounds of boosting; 0 = no tree-shaped path
    curve: tuple[int, ...] = ()  # numbers of rows at which the learning curve is measured
    cuts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # what the clock changed
    warmup: int = 10  # steps
    looked_at: int = 2**20  # rows of one evaluation while training, at most
    anneal: float = 0.25  # how long annealing lasts, in parts of the steps before it
    tuning: Mapping[str, int] = field(default_factory=dict)  # steps of each kind's backbone
    tuning_threads: int = 1
    table: Plan | None = None  # of as many networks of the plain columns alone
    smoothing: float = 0.0  # of a class's answer, spread over all classes while learning
    most_steps: int = 0  # of one deep network in all, where there is time for more than planned

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "curve": list(self.curve)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Plan:
        """From plain values; ModelError where one is missing or out of bounds."""
        try:
            encoder = Encoder(**saved["body"].get("encoder", {}))
            body = Body(**{**saved["body"], "encoder": encoder})
            table = None if saved.get("table") is None else cls.from_json(saved["table"])
            curve = tuple(saved["curve"])
            plan = cls(**{**saved, "body": body, "curve": curve, "table": table})
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"The plan is damaged or of another version: {error}.") from error
        if not plan.possible:
            raise ModelError(f"The plan asks for what cannot be: {plan}.")
        return plan

    @property
    def all_steps(self) -> int:
        """Of one deep network, annealing included."""
        return self.steps + int(self.steps * self.anneal)

    @property
    def whole_steps(self) -> int:
        """Of all deep networks, annealing included."""
        each = self.all_steps + (0 if self.table is None else self.table.all_steps)
        return self.folds * each

    def order(self, folds: int) -> list[int]:
        """The deep networks in the order in which they learn: first the tables', which are last."""
        tables = range(folds, 2 * folds) if self.table is not None else range(0)
        return [*tables, *range(folds)]

    @property
    def heavy(self) -> bool:
        """Whether rows are so dear to look at that only some are while training."""
        return self.looked_at < 2**20

    @property
    def possible(self) -> bool:
        """Whether every number is of its type and within its bounds."""
        body = self.body
        encoder = body.encoder
        sizes = (body.members, body.width, body.embedding, self.folds, self.batch, self.threads,
                 encoder.channels, encoder.shrink)  # fmt: skip
        steps = (self.steps, self.evaluate_every, self.patience, self.linear_rows, self.looked_at)
        flags = (encoder.mirror, encoder.opposite, encoder.distort, encoder.half, encoder.winograd)
        counts = (
            body.blocks,
            self.trees,
            self.warmup,
            self.most_steps,
            encoder.pixels,
            *self.curve,
        )
        cuts = [cut for each in self.cuts.values() for cut in each.items()]
        tuned = (self.tuning_threads, *self.tuning.values())
        return (
            (self.table is None or self.table.table is None)
            and all(_whole(n) and 0 < n <= 2**20 for n in (*sizes, *tuned))
            and all(_whole(n) and 0 < n <= 2**40 for n in steps)
            and all(_whole(n) and 0 <= n <= 2**40 for n in counts)
            and body.members * body.width <= 2**22
            and body.blocks <= 64
            and self.trees <= 10_000
            and encoder.channels <= 1_024
            and all(isinstance(flag, bool) for flag in flags)
            and _real(self.anneal)
            and 0 < self.anneal <= 100
            and all(
                _real(x) and 0 <= x < 1
                for x in (self.rate, self.decay, self.smoothing, body.dropout)
            )
            and all(CUT.fullmatch(name) and _whole(n) for name, n in cuts)
        )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
