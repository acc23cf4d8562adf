"""Which kind a column is, and why: a table of columns with known answers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pellucid.data.contents import Sample
from pellucid.errors import DataError, UsageError
from pellucid.kinds import recognise, recognise_target
from pellucid.schema import fit_schema

WORDS = "the quick brown fox jumps over the lazy dog while nobody looks".split()


def sentences(count):
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, 8)) for _ in range(count)]


COLUMNS = {
    # name of the column: cells, kind, reason
    "price": ([1.5, 2.0, None], "number", "it holds numbers"),
    "count of rooms": ([1, 2, 3] * 9, "number", "it holds numbers"),
    "paid": (["1,50", "2,75"] * 9, "number", "it holds numbers with a decimal comma"),
    "income": (["$1,250", "$900"] * 9, "number", "it holds numbers with marks"),
    "mostly": ([*["1"] * 40, "x"], "number", "it holds numbers (2.4% of the cells are not)"),
    "age": ([*map(str, range(60)), *["unknown"] * 20], "number",
            "it holds numbers (25.0% of the cells are not)"),
    "size": ([*["38", "40", "42"] * 20, *["unknown"] * 20], "category", "it holds 4 levels"),
    "half": (["1", "two"] * 20, "category", "it holds 2 levels"),
    "zip": (["01067", "80331"] * 9, "category", "its name says a code, with 2 levels"),
    "Zip Code": ([10115, 80331] * 9, "category", "its name says a code, with 2 levels"),
    "fips_code": (list(range(50)), "number", "it holds numbers"),
    "zipper": ([10115, 80331] * 9, "number", "it holds numbers"),
    "sold": (["2021-01-03", "2022-05-06"] * 9, "date", "it holds dates written as %Y-%m-%d"),
    "typed": ([date(2021, 1, 3)], "date", "it holds dates"),
    "stamped": ([datetime(2021, 1, 3, 4, 5)], "date", "it holds dates"),
    "member": ([True, False], "category", "it holds 2 levels"),
    "answer": (["yes", "no", None] * 9, "category", "it holds 2 levels"),
    "brand": ([f"brand {i % 40}" for i in range(200)], "category", "it holds 40 levels"),
    "surname": ([f"name{i}" for i in range(200)], "category", "it holds 200 short names"),
    "review": (sentences(100), "text", "it holds text"),
    "slogan": (sentences(3) * 30, "category", "it holds 3 levels"),
    "missing": ([None, "n/a", ""] * 9, "text", "it holds text"),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_each_column_is_recognised_with_its_reason(name):
    cells, kind, reason = COLUMNS[name]
    found, why = recognise(pl.Series(name, cells))
    assert (found.kind, why) == (kind, reason)


def test_a_categorical_or_enum_column_is_a_category_whatever_it_holds():
    for dtype in (pl.Categorical, pl.Enum(["1", "2"])):
        assert recognise(pl.Series("c", ["1", "2"] * 9, dtype=dtype))[0].kind == "category"


@pytest.mark.parametrize("cells", [[timedelta(hours=i) for i in range(9)], [[1], [2]]])
def test_what_no_kind_reads_is_an_error_that_names_the_column(cells):
    with pytest.raises(DataError, match=r"Column 'odd' holds .*; leave it out with ignore"):
        recognise(pl.Series("odd", cells))


TARGETS = {
    "5 whole numbers": ([1, 2, 3, 4, 5] * 20, "category", "it holds 5 whole numbers"),
    "whole numbers written as text": (["0", "1"] * 20, "category", "it holds 2 whole numbers"),
    "whole floats": ([0.0, 1.0] * 20, "category", "it holds 2 whole numbers"),
    "300 different": (np.arange(300) * 1.5, "number", "it holds 300 different numbers"),
    "30 whole numbers": (list(range(30)) * 20, "number", "it holds 30 different numbers"),
    "few halves": ([0.5, 1.5, 2.5] * 20, "number", "it holds 3 different numbers"),
    "few rows": ([1, 2, 3, 4, 5] * 2, "number", "it holds 5 different numbers"),
    "names": (["a", "b", None] * 20, "category", "it holds 2 levels"),
    "half numbers": (["1", "two"] * 20, "category", "it holds 2 levels"),
    "truth": ([True, False] * 20, "category", "it holds 2 levels"),
    "marks": ([f"${i},000" for i in range(1, 90)], "number", "it holds 89 different numbers"),
    "1,000 names": ([f"n{i}" for i in range(1_000)] * 3, "category", "it holds 1,000 levels"),
}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_is_recognised_with_its_reason(name):
    cells, kind, reason = TARGETS[name]
    found, why = recognise_target(pl.Series(name, cells))
    assert (found.kind, why) == (kind, reason)


@pytest.mark.parametrize("count", [1_001, 40])
def test_too_many_different_names_are_no_target(count):
    cells = [f"text {i}" for i in range(count)] * (3 if count > 1_000 else 1)
    with pytest.raises(DataError, match=r"The target 'words' holds .* different texts"):
        recognise_target(pl.Series("words", cells))


def test_recognition_is_overridden_for_inputs_and_targets():
    cells = pl.DataFrame({"a": [1, 2, 3] * 10, "b": ["x", "y", "z"] * 10})
    answers = pl.DataFrame({"t": [1, 2] * 15})
    schema = fit_schema(
        Sample(cells), answers, answers, {"a": "category", "b": "text", "t": "number"}
    )
    assert {k.kind: k.columns for k in schema.inputs} == {"category": ("a",), "text": ("b",)}
    assert schema.targets[0].kind == "number"
    assert set(schema.reasons.values()) == {"you said so"}


def test_a_kind_for_a_column_that_is_not_there_suggests_the_nearest():
    cells = pl.DataFrame({"price": [1.0, 2.0]})
    with pytest.raises(UsageError, match=r"'prise', .* no column in use\. Did you mean 'price'"):
        fit_schema(Sample(cells), cells, cells, {"prise": "number"})
