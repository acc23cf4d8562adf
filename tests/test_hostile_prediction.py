"""Rows to predict, however strange: every row has its answer, and what was mended is counted."""

import datetime
import decimal
import math
import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pellucid.errors import DataError, Mends, PellucidError
from pellucid.model import Model
from test_hostile import CSV, HEADER, LEVEL, LINES, counted, file
from tiny import ROWS, inputs, learnt, table

AGES, INCOMES, LABELS = inputs()["age"], inputs()["income"], table()["label"]


@pytest.fixture(scope="module")
def model() -> Model:
    return learnt(table())


@pytest.fixture(scope="module")
def prices() -> Model:
    return learnt(table(), "income")


def predicted(model: Model, source: Any, proba: bool = False) -> tuple[pl.DataFrame, Any]:
    """All predictions in one frame, and how often each fault was mended."""
    mends = Mends()
    frame = pl.concat(model.predictions(source, mends, proba))
    return frame, counted([{"fault": m.fault, "count": m.count} for m in mends.found])


PANDAS = pd.DataFrame(inputs())
POLARS = pl.DataFrame(inputs())
EQUAL = {
    "columns in another order": {name: inputs()[name] for name in reversed(inputs())},
    "the target among them": table(),
    "a column more": {**inputs(), "colour": ["red"] * ROWS},
    "numbers as texts": {name: [str(cell) for cell in column] for name, column in inputs().items()},
    "decimals": {**inputs(), "income": [decimal.Decimal(str(income)) for income in INCOMES]},
    "a pandas frame": PANDAS,
    "pandas categories": PANDAS.astype({"city": "category"}),
    "pandas types that may be null": PANDAS.convert_dtypes(),
    "pandas over Arrow": PANDAS.convert_dtypes(dtype_backend="pyarrow"),
    "pandas dates": PANDAS.assign(joined=pd.to_datetime(PANDAS.joined)),
    "pandas dates of a zone": PANDAS.assign(
        joined=pd.to_datetime(PANDAS.joined).dt.tz_localize("UTC")
    ),
    "pandas periods": PANDAS.assign(joined=pd.to_datetime(PANDAS.joined).dt.to_period("D")),
    "pandas sparse": PANDAS.assign(age=pd.arrays.SparseArray(PANDAS.age)),
    "pandas objects": PANDAS.astype(object),
    "an index of its own": PANDAS.set_index(pd.Index(range(ROWS, 0, -1))),
    "an Arrow table": POLARS.to_arrow(),
    "an Arrow table of a dictionary": POLARS.with_columns(
        pl.col("city").cast(pl.Categorical)
    ).to_arrow(),
    "a lazy frame": POLARS.lazy(),
    "polars dates": POLARS.with_columns(pl.col("joined").str.to_date()),
    "polars moments": POLARS.with_columns(pl.col("joined").str.to_datetime("%Y-%m-%d")),
    "polars enums": POLARS.with_columns(pl.col("city").cast(pl.Enum(["Rome", "Paris", "Berlin"]))),
    "polars decimals": POLARS.with_columns(pl.col("income").cast(pl.Decimal(12, 2))),
    "small numbers": POLARS.with_columns(pl.col("age").cast(pl.Int8)),
    "numbers without a sign": POLARS.with_columns(pl.col("age").cast(pl.UInt64)),
    "records": POLARS.to_dicts(),
}


@pytest.mark.parametrize("name", EQUAL)
def test_the_same_cells_of_another_sort_give_the_same_predictions(model, name):
    found, mends = predicted(model, EQUAL[name])
    assert found.equals(predicted(model, inputs())[0])
    assert not mends


def changed(**columns: Any) -> dict[str, Any]:
    return {**inputs(), **columns}


COUNTED = {
    "a column that is missing": (
        {k: v for k, v in inputs().items() if k != "city"}, "the column is absent"
    ),
    "a column in another case": (
        {k.replace("city", "City"): v for k, v in inputs().items()},
        "the column is absent (did you mean 'City'?)",
    ),
    "levels never seen": (changed(city=["Oslo"] * ROWS), LEVEL),
    "words in the place of numbers": (changed(age=["abc"] * ROWS), "not a number"),
    "lists in the place of numbers": (changed(age=[[1, 2]] * ROWS), "not a number"),
    "objects in the place of numbers": (changed(age=[object()] * ROWS), "not a number"),
    "complex numbers": (PANDAS.assign(age=1j), "not a number"),
    "infinite numbers": (changed(age=[math.inf] * ROWS), "an infinite number"),
    "whole numbers of 400 digits": (changed(age=[10**400] * ROWS), "an infinite number"),
    "numbers in the place of names": (changed(city=[5] * ROWS), LEVEL),
    "dates in the place of names": (changed(city=[datetime.date(2020, 1, 1)] * ROWS), LEVEL),
    "numbers in the place of dates": (changed(joined=[5] * ROWS), "not a date"),
    "times in the place of dates": (changed(joined=[datetime.time(5)] * ROWS), "not a date"),
    "words in the place of dates": (changed(joined=["soon"] * ROWS), "not a date"),
    "dates that are none": (changed(joined=["2020-02-30"] * ROWS), "not a date"),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_what_a_model_does_not_know_is_counted_and_taken_as_missing(model, name):
    source, fault = COUNTED[name]
    found, mends = predicted(model, source)
    assert found.height == ROWS
    assert mends == {fault: ROWS}.items()


@pytest.mark.parametrize("name", COUNTED)
def test_in_python_what_was_mended_is_a_warning(model, name):
    source, fault = COUNTED[name]
    with pytest.warns(UserWarning, match=f"60 × {re.escape(fault)}, taken as missing"):
        assert len(model.predict(source)) == ROWS


HARMLESS = {
    "numbers beyond 32 bits": changed(age=[1e308] * ROWS),
    "numbers beyond 32 bits below": changed(age=[-1e308] * ROWS),
    "numbers beyond 64 bits": changed(age=[10**30] * ROWS),
    "nothing": changed(age=[None] * ROWS, city=[None] * ROWS, joined=[None] * ROWS),
    "NaN": changed(age=[math.nan] * ROWS, income=[math.nan] * ROWS),
    "empty texts": {name: [""] * ROWS for name in inputs()},
    "truth": changed(age=[True, False] * 30),
    "the year 9999": changed(joined=[datetime.datetime.max] * ROWS),
    "the year 1": changed(joined=[datetime.date.min] * ROWS),
    "very long texts": changed(city=["x" * 100_000] * ROWS),
}


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.filterwarnings("ignore:column .* a level that is new")
@pytest.mark.filterwarnings("ignore:column .* a number too large")
def test_extreme_cells_give_finite_answers(model, prices, name):
    chances = model.predict_proba(HARMLESS[name])
    assert np.allclose(chances.sum_horizontal(), 1)
    span = prices.predict_interval({**HARMLESS[name], "label": ["yes"] * ROWS})
    assert np.isfinite(span.to_numpy()).all() and (span["low"] <= span["high"]).all()


USELESS = {
    "no column that it knows": (
        {"colour": ["red"]},
        "none of the columns .* its columns are 'colour'",
    ),
    "a frame without columns": (pd.DataFrame(), "has no columns"),
    "an array without names": (np.zeros((3, 4)), "none of the columns"),
    "names of two floors": (pd.concat({"a": PANDAS}, axis=1), "none of the columns"),
    "a list": ([1, 2], "a list is no table"),
    "nothing": (None, "is no table"),
    "a file that is not there": ("gone.csv", "no file"),
    "columns of different length": (changed(age=[1]), "of one length"),
}


@pytest.mark.parametrize("name", USELESS)
def test_what_cannot_be_predicted_from_is_one_clear_error(model, name):
    source, error = USELESS[name]
    with pytest.raises(PellucidError, match=error) as raised:
        model.predict(source)
    assert "\n" not in str(raised.value)


def test_the_wrong_verb_for_the_target_names_the_right_one(model, prices):
    with pytest.raises(PellucidError, match="predict_interval"):
        prices.predict_proba(inputs())
    with pytest.raises(PellucidError, match="predict_proba"):
        model.predict_interval(inputs())


# ---- rows in, rows out ---------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_so_many_rows_in_so_many_rows_out(model, prices, rows):
    few = PANDAS.iloc[:rows]
    assert model.predict(few).index.equals(few.index)
    assert model.predict_proba(few).shape == (rows, 2)
    assert prices.predict_interval(few.assign(label="yes")).shape == (rows, 2)
    assert model.predict(POLARS.head(rows)).len() == rows


def test_each_row_is_predicted_as_if_it_were_alone(model):
    together, _ = predicted(model, PANDAS)
    for row in (0, 17, 59):
        alone, _ = predicted(model, PANDAS.iloc[[row]])
        assert alone["label"][0] == together["label"][row]
        assert alone["label confidence"][0] == pytest.approx(together["label confidence"][row])


def test_pandas_keeps_its_index_and_its_order(model):
    index = pd.MultiIndex.from_arrays([[f"row {row % 7}" for row in range(ROWS)], AGES])
    frame = PANDAS.set_index(index).sample(frac=0.7, random_state=0)
    frame = frame[frame.age > 30]
    answer = model.predict(frame)
    assert answer.index.equals(frame.index) and answer.name == "label"
    assert model.predict_proba(frame).index.equals(frame.index)
    plain = model.predict(frame.reset_index(drop=True))
    assert answer.tolist() == plain.tolist()
    assert not isinstance(model.predict(POLARS), pd.Series)


def test_slices_give_what_one_piece_gives(model, monkeypatch, tmp_path):
    path = file(CSV)(tmp_path)
    whole, _ = predicted(model, path, proba=True)
    monkeypatch.setattr("pellucid.data.table.BATCH_ROWS", 7)
    mends = Mends()
    slices = list(model.predictions(path, mends, proba=True))
    assert [frame.height for frame in slices] == [7] * 8 + [4]
    joined = pl.concat(slices)
    assert joined["label"].equals(whole["label"])
    assert np.allclose(joined["label=yes"], whole["label=yes"], atol=1e-6)


def test_mends_of_later_slices_name_their_own_lines(model, monkeypatch, tmp_path):
    lines = [*LINES[:41], "old" + LINES[41][2:], *LINES[42:]]
    monkeypatch.setattr("pellucid.data.table.BATCH_ROWS", 7)
    mends = Mends()
    list(model.predictions(file("\n".join(lines))(tmp_path), mends))
    assert [mend.where for mend in mends.found] == [("line 42: 'old'",)]


def test_ragged_lines_are_mended_at_prediction_so_that_every_row_stays(model, tmp_path):
    lines = [*LINES[:5], "30", *LINES[5:10], LINES[10] + ",more", *LINES[11:]]
    found, mends = predicted(model, file("\n".join(lines))(tmp_path))
    assert found.height == len(lines) - 1
    assert mends == {"fewer fields than the header": 1, "more fields than the header": 1}.items()


def test_a_header_alone_is_named(model, tmp_path):
    with pytest.raises(DataError, match=r"bad\.csv has no rows of data"):
        model.predict(file(HEADER)(tmp_path))


# ---- evaluation ----------------------------------------------------------------------------------

UNJUDGED = {
    "no rows": ({name: [] for name in table()}, "has no rows of data"),
    "no answers": (inputs(), "has no column 'label'"),
    "answers that are missing": (
        table(label=[None] * ROWS),
        "No row of .* has an answer in 'label'",
    ),
    "answers never seen": (table(label=["maybe", *LABELS[1:]]), "holds 'maybe'"),
}


@pytest.mark.parametrize("name", UNJUDGED)
def test_what_cannot_be_evaluated_is_one_clear_error(model, name):
    source, error = UNJUDGED[name]
    with pytest.raises(DataError, match=error):
        model.evaluate(source)


def test_rows_without_an_answer_are_left_out_of_an_evaluation(model):
    found = model.evaluate(table(label=[None, *LABELS[1:]]))
    assert found["label"]["performance"]["rows"] == ROWS - 1


UNLIKE = {
    "dates in the place of numbers": changed(age=[datetime.date(2020, 1, 1)] * ROWS),
    "bytes that are no text in the place of names": changed(city=[b"\xff"] * ROWS),
    "half a letter in the place of names": changed(city=["\ud800"] * ROWS),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_cells_unlike_those_learnt_are_counted(model, name):
    found, mends = predicted(model, UNLIKE[name])
    assert found.height == ROWS and sum(count for _, count in mends) == ROWS


def test_an_evaluation_tells_what_was_mended(model):
    with pytest.warns(UserWarning, match="a level that is new"):
        model.evaluate(table(city=["Oslo"] * ROWS))


def test_an_answer_that_cannot_be_judged_is_named_by_its_line(prices, tmp_path):
    lines = [*LINES[:20], re.sub(r"^(\d+),[^,]*", r"\1,lots", LINES[20]), *LINES[21:]]
    with pytest.raises(DataError, match=r"bad\.csv.*line 21|line 21.*bad\.csv"):
        prices.evaluate(file("\n".join(lines))(tmp_path))
