"""What many tests share: the tiny table and the plan that learns from it."""

from __future__ import annotations

import polars as pl
import pytest

import every_kind
from pellucid.training.plan import Plan


@pytest.fixture(scope="session")
def table() -> pl.DataFrame:
    """160 rows with every kind of column."""
    return every_kind.table()


@pytest.fixture(scope="session")
def plan() -> Plan:
    """One small network, few steps."""
    return every_kind.plan()
