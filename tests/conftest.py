"""What many tests share: the tiny table and the plan that learns from it."""

from __future__ import annotations

import polars as pl
import pytest

import tiny
from pellucid.training.plan import Plan


@pytest.fixture(scope="session")
def table() -> pl.DataFrame:
    """160 rows with every kind of column."""
    return tiny.table()


@pytest.fixture(scope="session")
def plan() -> Plan:
    """One small network, few steps."""
    return tiny.plan()
