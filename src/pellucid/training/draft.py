"""The first plan for a table, by its rows and columns, before anything is timed."""

from __future__ import annotations

from dataclasses import replace

from pellucid.networks.network import Body
from pellucid.schema import Schema
from pellucid.training.encoders import media_plan, triangular
from pellucid.training.plan import Plan

TABLE_EPOCHS, TEXT_EPOCHS = 200, 12
TREES, FEWEST_TREES = 300, 30  # rounds of boosting


def first_plan(schema: Schema, learn: int) -> Plan:
    """Network and batch by the number of rows and columns (evidence: TabM, and our benchmarks)."""
    plan = media_plan(schema, learn) if schema.media else _table_plan(schema, learn)
    return replace(plan, table=_table_plan(schema.table, learn)) if schema.mixed else plan


def of_epochs(plan: Plan, learn: int, epochs: int) -> Plan:
    """The plan with every row seen so often, and never more often."""
    steps = epochs * -(-learn // plan.batch)
    if plan.heavy:
        return replace(triangular(plan, steps), most_steps=0)
    return replace(plan, steps=steps)


def _table_plan(schema: Schema, learn: int) -> Plan:
    """The first plan of a table of numbers, categories, dates and texts."""
    text = any(kind.kind == "text" for kind in schema.inputs)
    columns = sum(len(kind.columns) for kind in schema.inputs)
    body = Body(
        members=8 if text or learn < 5_000 or learn > 200_000 else 16,
        width=128 if learn < 5_000 else 256,
        blocks=2,
        embedding=16 if columns <= 20 else 8 if columns <= 100 else 4,
        dropout=0.1,
    )
    batch = _batch(learn, text)
    per_epoch = -(-learn // batch)
    plan = Plan(
        body=body,
        folds=_folds(learn, text),
        batch=batch,
        rate=2e-3 if text or learn >= 5_000 else 3e-3,
        decay=3e-4,
        steps=per_epoch * (TEXT_EPOCHS if text else TABLE_EPOCHS),
        evaluate_every=per_epoch,
        patience=4 if text else 10,
        threads=1,
        trees=min(TREES, max(FEWEST_TREES, learn // 4)),
    )
    for kind in schema.targets:
        plan = replace(plan, **kind.recipe(learn))
    return plan


def _folds(learn: int, text: bool) -> int:
    """Small data are learnt in folds, so that every row is both learnt from and chosen on."""
    if text:
        return 4 if learn < 20_000 else 1
    return 8 if learn < 500 else 5 if learn < 5_000 else 4 if learn < 20_000 else 1


def _batch(learn: int, text: bool) -> int:
    for rows, batch in ((300, 32), (4_500, 64), (10_000, 128), (32_000, 256), (108_000, 512)):
        if learn < rows:
            return min(batch, 64) if text else batch
    return 128 if text and learn < 200_000 else 1_024
