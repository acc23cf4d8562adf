"""A table and a plan so small that learning takes less than a second."""

import random
from typing import Any

from pellucid.learning import learn
from pellucid.model import Model
from pellucid.networks.network import Body
from pellucid.training.plan import Plan

ROWS = 60
PLAN = Plan(
    body=Body(members=2, width=8, blocks=1, embedding=4, dropout=0.1),
    folds=1,
    batch=32,
    rate=3e-3,
    decay=3e-4,
    steps=20,
    evaluate_every=10,
    patience=3,
    threads=1,
)


def inputs(rows: int = ROWS) -> dict[str, list[Any]]:
    """A number that decides the target, another number, a category and a date."""
    draw = random.Random(1)
    return {
        "age": [draw.randint(18, 80) for _ in range(rows)],
        "income": [round(draw.uniform(1e3, 9e4), 2) for _ in range(rows)],
        "city": [draw.choice(["Berlin", "Paris", "Rome"]) for _ in range(rows)],
        "joined": [f"2020-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}" for _ in range(rows)],
    }


def table(rows: int = ROWS, **columns: list[Any]) -> dict[str, list[Any]]:
    """The inputs with the target `label`, some columns replaced or added."""
    cells = inputs(rows)
    return {**cells, "label": ["yes" if age > 45 else "no" for age in cells["age"]], **columns}


def learnt(source: Any, target: Any = "label", **options: Any) -> Model:
    """A model of the tiny plan, learnt in silence."""
    options = {"plan": PLAN, "minutes": 0.2, "verbose": False, **options}
    return learn(source, target, **options)
