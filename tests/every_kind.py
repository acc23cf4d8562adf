"""A tiny table with every kind of column, and a plan that learns from it in a second."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from pellucid.networks.network import Body
from pellucid.training.plan import Plan

NOUNS = ("kettle", "lamp", "radio", "clock")
PLACES = ("town", "Leeds", "a market", "the shop on the corner", "Łódź", "東京")
JUDGEMENTS = {"splendid": 2, "decent": 1, "shoddy": -1, "awful": -2}


def table(rows: int = 160, seed: int = 0) -> pl.DataFrame:
    """Two numbers, two categories, a date and a text, a few cells missing, and two targets.

    `liked` is the sign of the text's judgement, `paid` is linear in weight and colour.
    """
    rng = np.random.default_rng(seed)
    judged = rng.choice(list(JUDGEMENTS), rows)
    noun, colour = rng.choice(NOUNS, rows), rng.choice(["red", "green", "blue"], rows)
    weight, age = rng.normal(5, 2, rows).round(2), rng.exponential(30, rows).round(1)
    start = date(2024, 1, 1)
    bought = [start + timedelta(days=int(day)) for day in rng.integers(0, 700, rows)]
    texts = [
        f"{n} no {i} from {PLACES[i % len(PLACES)]}: it is {j}, truly {j}"
        for i, (n, j) in enumerate(zip(noun, judged, strict=True))
    ]
    paid = 10 + 3 * weight + 5 * (colour == "red") + rng.normal(0, 0.5, rows)
    frame = pl.DataFrame(
        {
            "weight": weight,
            "age": age,
            "colour": colour,
            "zip code": rng.choice(["01067", "10115", "80331"], rows),
            "bought": bought,
            "review": texts,
            "liked": ["yes" if JUDGEMENTS[j] > 0 else "no" for j in judged],
            "paid": paid.round(2),
        }
    )
    gaps = {name: pl.Series(rng.random(rows) < 0.05) for name in ("age", "colour", "bought")}
    return frame.with_columns(
        pl.when(gap).then(None).otherwise(pl.col(name)).alias(name) for name, gap in gaps.items()
    )


def plan(**changes: object) -> Plan:
    """A plan of one small network and few steps: the clock is not heeded when a plan is given."""
    values = {
        "body": Body(members=4, width=32, blocks=1, embedding=8, dropout=0.1),
        "folds": 1,
        "batch": 32,
        "rate": 5e-3,
        "decay": 3e-4,
        "steps": 60,
        "evaluate_every": 10,
        "patience": 10,
        "threads": 1,
    }
    return Plan(**{**values, **changes})
