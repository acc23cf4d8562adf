"""Ids, copies, leaks and groups are found; honest columns are left in peace."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pellucid.data.checking import (
    Findings,
    beware,
    left_out,
    nearest,
    require_column,
    require_columns,
)
from pellucid.data.reading import read
from pellucid.data.samples import SAMPLES, sample
from pellucid.errors import DataError, Mends
from pellucid.settings import Settings

ROWS = 200


def made(**columns: object) -> pl.DataFrame:
    """A table of 200 rows with these columns, an honest number and a class to predict."""
    generator = np.random.default_rng(0)
    honest = {
        "size": generator.normal(size=ROWS),
        "y": np.where(generator.random(ROWS) < 0.5, "a", "b"),
    }
    return pl.DataFrame({**columns, **honest}, strict=False)


def check(frame: pl.DataFrame, targets: list[str], settings: Settings) -> Findings:
    """What is left out, and all that is told of targets of one value a row."""
    ignored = left_out(frame, targets, settings)
    return Findings(ignored, beware(frame, ignored, dict.fromkeys(targets), settings))


def look(frame: pl.DataFrame, **settings: object) -> tuple[dict[str, str], str]:
    """Which columns are ignored and why, and all warnings in one text."""
    found: Findings = check(frame, ["y"], Settings(**settings))  # type: ignore[arg-type]
    return {item.column: item.reason for item in found.ignored}, "\n".join(found.warnings)


GENERATOR = np.random.default_rng(1)
IDS: dict[str, list[object]] = {
    "PassengerId": list(GENERATOR.permutation(10_000)[:ROWS]),
    "Case_No": list(range(1, ROWS + 1)),
    "fips": [f"{value:05}" for value in GENERATOR.permutation(60_000)[:ROWS]],
    "house": [f"{row:03}" for row in range(ROWS)],
    "instant": [str(row) for row in range(ROWS)],
    "key": [str(uuid.UUID(bytes=GENERATOR.bytes(16))) for _ in range(ROWS)],
    "digest": [GENERATOR.bytes(20).hex() for _ in range(ROWS)],
    "path": [f"business/{row:03}.txt" for row in range(ROWS)],
    "mail": [f"{GENERATOR.bytes(4).hex()}@example.org" for _ in range(ROWS)],
    "customerID": [f"{row + 1000}-VHVEG" for row in range(ROWS)],
    "asin": [f"B{row:04}XK{row % 7}" for row in range(ROWS)],
    "id": [1 + row % 150 for row in range(ROWS)],
}
HONEST: dict[str, list[object]] = {
    "measurement": [float(value) for value in GENERATOR.normal(size=ROWS)],
    "written": [f"{value:.4f}" for value in GENERATOR.normal(size=ROWS)],
    "comma": [f"{value:.4f}".replace(".", ",") for value in GENERATOR.normal(size=ROWS)],
    "population": list(GENERATOR.permutation(10_000_000)[:ROWS]),
    "sorted_population": sorted(GENERATOR.permutation(10_000_000)[:ROWS]),
    "year": list(range(1800, 1800 + ROWS)),
    "day": [f"{1 + row % 28:02}.{1 + row // 28:02}.2024" for row in range(ROWS)],
    "bought": [datetime(2024, 1, 1) + timedelta(hours=row) for row in range(ROWS)],
    "moment": [f"2024-01-{1 + row // 24:02} {row % 24:02}:00:00" for row in range(ROWS)],
    "weight": [f"{value:.3f}kg" for value in GENERATOR.normal(5, 1, ROWS)],
    "price": [f"${value:,.2f}" for value in GENERATOR.gamma(3, 1000, ROWS)],
    "text": [f"I bought {row} of them and was glad" for row in range(ROWS)],
    "name": ["".join(GENERATOR.choice(list("abcdefgh"), 9)) for _ in range(ROWS)],
    "molecule": ["".join(GENERATOR.choice(list("CNO=()c1"), 25)) for _ in range(ROWS)],
}


@pytest.mark.parametrize("name", IDS)
def test_an_id_is_ignored(name: str) -> None:
    ignored, _ = look(made(**{name: IDS[name]}))
    assert "an id" in ignored[name]
    assert list(ignored) == [name]


@pytest.mark.parametrize("name", HONEST)
def test_distinct_values_alone_make_no_id(name: str) -> None:
    assert look(made(**{name: HONEST[name]}))[0] == {}


def test_a_kind_the_user_gave_and_a_lone_input_are_never_ids() -> None:
    frame = made(instant=list(range(ROWS)))
    assert look(frame, kinds={"instant": "number"})[0] == {}
    assert look(frame.select("instant", "y"))[0] == {}


def test_empty_constant_copied_and_unwanted_columns_are_ignored_with_the_reason() -> None:
    colour = ["red", "green"] * (ROWS // 2)
    frame = made(
        colour=colour, copy=colour, other=colour[::-1], none=[None] * ROWS, same=["x"] * ROWS,
        flag=["x", None] * (ROWS // 2), mine=[*colour[1:], "red"],
    )  # fmt: skip
    ignored, _ = look(frame, ignore=("mine",))
    assert ignored == {
        "copy": "an exact copy of 'colour'",
        "none": "no value in any row",
        "same": "the same in every row: 'x'",
        "mine": "as you asked",
    }


def test_ignoring_a_misspelt_column_is_an_error_that_suggests() -> None:
    with pytest.raises(DataError, match="did you mean 'size'"):
        require_columns(read(made(), Mends()), ["y"], Settings(ignore=("sise",)))


def test_a_column_that_gives_a_class_away_is_announced_and_kept() -> None:
    frame = made()
    told = frame["y"].to_list()
    noise = np.random.default_rng(3).normal(size=ROWS)
    frame = frame.with_columns(
        pl.Series("code", [{"a": 1, "b": 2}[y] for y in told]),
        pl.Series("long score", [noise[i] + (9 if y == "a" else 0) for i, y in enumerate(told)]),
        pl.Series("gap", [None if y == "a" else "x" for y in told]),
        pl.Series("near", [y if i % 10 else "a" for i, y in enumerate(told)]),
    )
    ignored, warnings = look(frame)
    assert ignored == {}
    for column in ("code", "long score", "gap"):
        assert f"{column!r} alone gives 'y' away (100.0% right on its own" in warnings
    assert "--ignore 'long score'" in warnings
    assert "near" not in warnings


def test_a_column_that_gives_a_number_away_is_announced() -> None:
    generator = np.random.default_rng(0)
    price = generator.gamma(3, 100, 1_000)
    frame = pl.DataFrame(
        {
            "euros": (price * 0.9).round(2).astype(str),
            "area": price * generator.lognormal(0, 0.2, 1_000),
            "price": price.round(2).astype(str),
        }
    )
    warnings = check(frame, ["price"], Settings()).warnings
    assert len(warnings) == 1
    assert warnings[0].startswith("'euros' alone gives 'price' away (rank correlation 1.000)")


def test_a_common_class_is_no_leak_of_every_column() -> None:
    frame = pl.DataFrame(
        {"x": np.arange(1_000) % 7, "z": 1 / np.arange(1, 1_001), "y": ["a"] * 995 + ["b"] * 5}
    )
    warnings = "\n".join(check(frame, ["y"], Settings()).warnings)
    assert "gives" not in warnings
    assert "99.5% of the rows have 'y' = 'a'" in warnings
    assert "such as 'b' (5)" in warnings


def test_nothing_gives_an_answer_of_pieces_away_nor_is_what_it_reads_a_leak() -> None:
    said = ["play jazz", "fly to rome", "play rock"] * 70
    frame = pl.DataFrame(
        {
            "hour": [row % 24 for row in range(len(said))],
            "said": said,
            "intent": [words.split()[0] for words in said],
            "slots": [" ".join("O" for _ in words.split()) for words in said],
        }
    )
    assert "'said' alone gives 'intent' away" in "".join(
        beware(frame, (), {"intent": None}, Settings())
    )
    told = "".join(beware(frame, (), {"intent": None, "slots": ("said",)}, Settings()))
    assert "away" not in told


def test_the_only_input_cannot_be_left_out_so_it_is_no_leak() -> None:
    frame = pl.DataFrame({"code": [1, 2] * 100, "y": ["a", "b"] * 100})
    assert look(frame) == ({}, "")


def test_a_long_value_is_told_in_short() -> None:
    warnings = look(
        pl.DataFrame({"x": range(101), "z": range(101, 0, -1), "y": ["a"] * 100 + ["b" * 9_000]})
    )[1]
    assert "such as 'bbb" in warnings
    assert len(warnings) < 300
    assert "gives" not in warnings  # of one 'b' nobody can say what gives it away


def test_names_of_groups_are_offered_for_the_split() -> None:
    frame = made(
        user_id=[row % 40 for row in range(ROWS)],
        speaker=[f"s{row % 5}" for row in range(ROWS)],
        user_age=[row % 50 for row in range(ROWS)],
    )
    _, warnings = look(frame)
    assert "--group user_id" in warnings
    assert "'speaker' seems to name groups: 5 values in 200 rows" in warnings
    assert "user_age" not in warnings
    assert "groups" not in look(frame, group="speaker")[1]


def test_repeated_rows_are_counted_with_those_that_contradict() -> None:
    frame = made()
    frame = pl.concat([frame, frame.head(10).with_columns(y=pl.lit("c"))])
    assert (
        "10 of 210 rows repeat the inputs of another row, 10 of them with another" in look(frame)[1]
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_no_false_alarm_on_the_samples(name: str) -> None:
    frame, target = sample(name), SAMPLES[name].target
    found = check(frame, [target], Settings())
    constant = [column for column in frame.columns if frame[column].n_unique() == 1]
    assert [item.column for item in found.ignored] == constant
    assert all("repeat" in warning for warning in found.warnings)


def test_few_rows_prove_nothing() -> None:
    frame = pl.DataFrame({"a": ["1", "2", "3"], "b": ["p", "q", "r"], "y": ["x", "y", "x"]})
    assert check(frame, ["y"], Settings()).ignored == ()


def test_a_misspelt_column_suggests_the_nearest() -> None:
    table = read({"Price": [1], "colour": ["x"]}, Mends())
    assert nearest("pirce", table.columns) == "Price"
    assert nearest("weight", table.columns) is None
    require_column(table, "Price")
    with pytest.raises(DataError, match="no column 'price'; did you mean 'Price'"):
        require_column(table, "price")
    with pytest.raises(DataError, match="its columns are 'Price', 'colour'"):
        require_column(table, "weight")
