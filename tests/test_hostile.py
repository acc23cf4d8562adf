"""Bad input: each gives a clear error or a counted mend, and nothing is lost in silence."""

import datetime
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pellucid.errors import DataError, PellucidError, UsageError
from pellucid.training.plan import Plan
from tiny import PLAN, ROWS, inputs, learnt, table

Make = Callable[[Path], Any]
CSV = pl.DataFrame(table()).write_csv()
LINES = CSV.splitlines()
HEADER = LINES[0]


@dataclass(frozen=True)
class Case:
    """A hostile source, and either what the error must say or the mends that must be counted."""

    make: Make
    error: str | None = None
    mends: dict[str, int] = field(default_factory=dict)  # fault -> how often
    target: Any = "label"
    options: dict[str, Any] = field(default_factory=dict)


def file(content: str | bytes, name: str = "bad.csv") -> Make:
    """Write the content to a file."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def cells(**columns: Any) -> Make:
    """The table with some columns replaced or added."""
    return lambda folder: table(**columns)


def every(step: int, odd: Any, usual: list[Any]) -> list[Any]:
    """The usual cells, every step-th replaced."""
    return [odd if row % step == 0 else cell for row, cell in enumerate(usual)]


AGES, INCOMES, DATES = (inputs()[name] for name in ("age", "income", "joined"))
LABELS = table()["label"]

REFUSED = {
    "an empty file": Case(file(""), r"bad\.csv.* is empty \(0 bytes\); pass a CSV"),
    "blank lines only": Case(file("\n\n\n"), "holds only blank lines"),
    "a header only": Case(file(HEADER + "\n"), "has no rows of data, only the columns age"),
    "one row": Case(file("\n".join(LINES[:2])), "1 row of .* has a value of the target 'label'"),
    "nine rows": Case(file("\n".join(LINES[:10])), "9 rows of .* at least 10 are needed"),
    "one class": Case(cells(label=["yes"] * ROWS), "every row has the same 'label': 'yes'"),
    "one number": Case(cells(label=[7] * ROWS), "every row has the same 'label': 7"),
    "a target in another case": Case(cells(), "did you mean 'label'", target="LABEL"),
    "a target misspelt": Case(cells(), r"no column 'lable'; did you mean 'label'", target="lable"),
    "a target that is nowhere": Case(cells(), "its columns are 'age', 'income'", target="xyzzy"),
    "one target of two misspelt": Case(cells(), "did you mean 'income'", target=["label", "incme"]),
    "a target without a value": Case(cells(label=[None] * ROWS), "0 rows of .* have a value"),
    "a target of nine values": Case(
        cells(label=LABELS[:9] + [None] * (ROWS - 9)), "9 rows of .* have a value"
    ),
    "a target of words that never repeat": Case(
        cells(label=[f"word {row}" for row in range(ROWS)]), "'label' holds .* different texts"
    ),
    "a target of dates": Case(
        cells(label=[datetime.date(2020, 1, 1 + row % 28) for row in range(ROWS)]),
        "'label' holds dates or times, which cannot be predicted",
    ),
    "a target of times": Case(
        cells(label=[datetime.time(row % 24) for row in range(ROWS)]),
        "'label' holds dates or times, which cannot be predicted",
    ),
    "a target with a word among numbers": Case(
        cells(income=[*map(str, INCOMES[:-1]), "lots"]), "'income' is a number, but .*'lots'",
        target="income",
    ),
    "a target with an infinite number": Case(
        cells(income=[*INCOMES[:-1], math.inf]), "'income' is a number, but .* inf",
        target="income",
    ),
    "no column beside the target": Case(
        lambda folder: {"label": LABELS}, "No column is left .* the table has no other"
    ),
    "no value beside the target": Case(
        lambda folder: {"void": [None] * ROWS, "label": LABELS},
        r"No column is left .* void \(no value in any row\)",
    ),
    "the same beside the target": Case(
        lambda folder: {"same": [5] * ROWS, "label": LABELS},
        r"No column is left .* same \(the same in every row: '5'\)",
    ),
    "all columns ignored": Case(
        cells(), r"age \(as you asked\)", options={"ignore": list(inputs())}
    ),
    "mostly ragged lines": Case(
        file(HEADER + "\n" + "1,2\n" * 50), "most rows do not have the 5 fields .* line 2 has 2"
    ),
    "a picture": Case(file(b"\x89PNG\r\n\x1a\n" + bytes(500)), "is a PNG picture, not a table"),
    "a pickle": Case(file(b"\x80\x04\x95" + bytes(500)), "is a Python pickle, not a table"),
    "random bytes": Case(
        file(b"\x01" + random.Random(0).randbytes(5_000)), "does not look like text"
    ),
    "a damaged Parquet file": Case(file(b"PAR1" + bytes(100), "bad.parquet"), "is damaged"),
    "a damaged gzip file": Case(file(b"\x1f\x8b" + bytes(100), "bad.csv.gz"), "is damaged"),
    "JSON that is none": Case(file('{"a": [1, 2', "bad.json"), "is not sound JSON"),
    "JSON lines that are none": Case(file("a\nb\nc\n", "bad.jsonl"), "line 1 is no record"),
    "a folder": Case(lambda folder: folder, "holds no table and no pictures"),
    "a file that is not there": Case(lambda folder: folder / "gone.csv", r'no file ".*gone\.csv"'),
    "a file misspelt": Case(
        lambda folder: file(CSV, "data.csv")(folder).with_name("dta.csv"),
        r"did you mean .*data\.csv",
    ),
    "an address": Case(lambda folder: "https://example.org/a.csv", "downloads nothing"),
    "a list of numbers": Case(lambda folder: [1, 2, 3], "a list is no table"),
    "nothing at all": Case(lambda folder: None, "is no table"),
    "columns of different length": Case(cells(age=[1, 2]), "are of one length"),
    "a column that is a number": Case(cells(age=5), "column 'age' is a single int; pass a list"),
    "a kind misspelt": Case(cells(), "Did you mean 'number'", options={"kinds": {"age": "numbr"}}),
    "a kind for no column": Case(
        cells(), "did you mean 'age'", options={"kinds": {"agee": "text"}}
    ),
    "a kind that no target has": Case(
        cells(), "'date' is no target's kind", options={"kinds": {"label": "date"}}
    ),
    "the target ignored": Case(
        cells(), "'label' is to be predicted", options={"ignore": ["label"]}
    ),
    "the target as the group": Case(
        cells(), "'label' is to be predicted", options={"group": "label"}
    ),
    "a group misspelt": Case(cells(), "did you mean 'city'", options={"group": "cty"}),
    "a group of one": Case(
        cells(shop=["a"] * ROWS), "only 1 groups", options={"group": "shop"}
    ),
    "a time that is none": Case(
        cells(), "'city' holds neither dates nor numbers", options={"time": "city"}
    ),
    "a time that never changes": Case(
        cells(year=[2020] * ROWS), "too few different values", options={"time": "year"}
    ),
    "a split that says nothing": Case(
        cells(part=every(4, "perhaps", ["train"] * ROWS)), "'part' should say train, valid or test",
        options={"test": "part"},
    ),
    "a test file without the target": Case(
        cells(), "has no column 'label'", options={"test": inputs()}
    ),
    "a test file without an answer": Case(
        cells(), "nothing can be proved on it", options={"test": table(label=[None] * ROWS)}
    ),
    "a test file of other columns": Case(
        cells(), "has none of the columns", options={"test": {"label": LABELS}}
    ),
    "no time": Case(cells(), "minutes must be a number above 0", options={"minutes": 0}),
    "time that is no number": Case(cells(), "minutes must be", options={"minutes": math.nan}),
    "a word that learn does not know": Case(cells(), "knows no budget", options={"budget": 5}),
    "the same target twice": Case(cells(), "named twice", target=["label", "label"]),
    "no target": Case(cells(), "Say what to predict", target=None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learnt_from_is_one_clear_error(tmp_path, name):
    case = REFUSED[name]
    with pytest.raises(PellucidError, match=case.error) as raised:
        learnt(case.make(tmp_path), case.target, **case.options)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 500


LONG = "x" * 10_000_000
MENDED = {
    "nothing bad": Case(file(CSV)),
    "lines that are too short and too long": Case(
        file("\n".join([*LINES[:20], "1,2", *LINES[20:30], "1,2,3,4,5,6,7", *LINES[30:]])),
        mends={"fewer fields than the header": 1, "more fields than the header": 1},
    ),
    "another encoding": Case(
        file(CSV.replace("Berlin", "Köln").encode("latin-1")),
        mends={"byte that is not UTF-8": CSV.count("Berlin")},
    ),
    "an encoding of two bytes": Case(file(CSV.replace("Berlin", "Köln").encode("utf-16"))),
    "NUL bytes": Case(
        file(CSV.replace("Berlin", "Ber\0lin")), mends={"NUL byte": CSV.count("Berlin")}
    ),
    "10 MB in one cell": Case(
        file(CSV + f"40,1,{LONG},2020-01-01,yes\n"),
    ),
    "a quote that never ends": Case(
        file(CSV + '40,1,"Rome,2020-01-01,yes\n'), mends={"quote without its partner": 1}
    ),
    "a name that is twice there": Case(
        file(CSV.replace("income", "age", 1)), mends={"name used before": 1}
    ),
    "a column without a name": Case(
        file(CSV.replace("income", "", 1)), mends={"column without a name": 1}
    ),
    "a target that is twice there": Case(
        file("\n".join([HEADER + ",label", *(line + ",no" for line in LINES[1:])])),
        mends={"name used before": 1},
    ),
    "a column without a value": Case(cells(void=[None] * ROWS)),
    "numbers written as text": Case(cells(age=[str(age) for age in AGES])),
    "numbers of another country": Case(
        file(CSV.replace(",", ";").replace(".", ","), "bad.csv")
    ),
    "a word among numbers": Case(
        file(CSV.replace(f"\n{AGES[7]},", "\nold,", 1)), mends={"not a number": 1}
    ),
    "types that are mixed": Case(
        cells(age=every(7, "old", AGES)), mends={"cell of another type than most": 9}
    ),
    "numbers beyond 32 bits": Case(
        cells(income=every(9, 1e308, INCOMES)),
        mends={"a number too large": len(range(0, ROWS, 9))},
    ),
    "numbers beyond 32 bits of both signs": Case(
        cells(income=[(-1) ** row * 1.7e308 for row in range(ROWS)]),
        mends={"a number too large": ROWS},
    ),
    "numbers that are nearly 0": Case(cells(income=[5e-324 * row for row in range(ROWS)])),
    "dates that are none": Case(
        cells(joined=[*DATES[:-2], "2020-02-30", "2020-13-01"]), mends={"not a date": 2}
    ),
    "dates at the ends of time": Case(cells(joined=[*DATES[:-2], "0001-01-01", "9999-12-31"])),
    "moments at the ends of time": Case(
        cells(joined=every(9, datetime.datetime.max, [datetime.datetime(2020, 1, 1)] * ROWS))
    ),
    "targets that are missing": Case(
        cells(label=every(10, None, LABELS)), mends={"the target is missing": 6}
    ),
    "a number to predict that is missing": Case(
        cells(income=every(10, math.nan, INCOMES)), mends={"the target is missing": 6},
        target="income",
    ),
    "a class of one row": Case(cells(label=["maybe", *LABELS[1:]])),
    "ten rows": Case(lambda folder: {name: column[:10] for name, column in table().items()}),
    "names that look like code": Case(
        cells(**{"=cmd|' /C calc'!A0": AGES, "<script>": INCOMES, "a\nb": AGES, "schema.x": AGES})
    ),
    "names in other letters": Case(cells(**{"возраст 年齢 😀": [row % 3 for row in range(ROWS)]})),
    "a test file without an input": Case(
        cells(), options={"test": {k: v for k, v in table().items() if k != "age"}},
        mends={"the column is absent": ROWS},
    ),
    "a test file of other types": Case(
        cells(label=[age > 45 for age in AGES]),
        options={"test": {"label": ["true", "false"] * 10, "age": ["50", "20"] * 10}},
        mends={"the column is absent": 60},
    ),
    "the split in a column": Case(
        cells(part=every(4, "test", ["train"] * ROWS)), options={"test": "part"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_what_can_be_mended_is_mended_and_counted(tmp_path, name):
    case = MENDED[name]
    model = learnt(case.make(tmp_path), case.target, **case.options)
    assert counted(model.evidence["data"]["mends"]) >= case.mends.items()
    if not case.mends:
        assert set(counted(model.evidence["data"]["mends"])) <= {LEVEL}
    performance = model.evidence["targets"][case.target]["performance"]
    assert performance["rows"] and all(math.isfinite(performance[k]) for k in ("low", "high"))


STRANGE = {
    "lengths of time": Case(cells(x=[datetime.timedelta(hours=row) for row in range(ROWS)])),
    "bytes that are no text": Case(cells(x=[b"\xff%d" % (row % 3) for row in range(ROWS)])),
    "half a letter in a cell": Case(
        cells(x=["a\ud800" if row % 2 else "b" for row in range(ROWS)])
    ),
    "half a letter in a name": Case(cells(**{"a\ud800": AGES})),
    "lists that never repeat": Case(cells(x=[[row, -row] for row in range(ROWS)])),
    "a kind that fits no cell": Case(cells(), options={"kinds": {"city": "date"}}),
    "a number taken as a category": Case(cells(), options={"kinds": {"income": "category"}}),
    "a column named by a number": Case(
        lambda folder: pd.DataFrame(np.random.default_rng(0).normal(size=(ROWS, 3))), target=2
    ),
    "an infinite number in a row": Case(cells(income=every(9, -math.inf, INCOMES))),
    "a number beyond 64 bits": Case(file(CSV.replace(str(INCOMES[5]), "1e999"))),
    "a whole number of 400 digits": Case(cells(age=every(9, 10**400, AGES))),
    "one column to ignore": Case(cells(), options={"ignore": "city"}),
}
UNMET = {
    "a number to predict beyond 32 bits": Case(
        cells(income=[*INCOMES[:-1], 1e308]), "'income' holds 1e.308", target="income"
    ),
    "names to predict as numbers": Case(
        cells(), "'label' .* no number", options={"kinds": {"label": "number"}}
    ),
    "minutes that are a word": Case(cells(), "minutes", options={"minutes": "five"}),
    "a generator for a seed": Case(
        cells(), "random_state", options={"random_state": np.random.default_rng(0)}
    ),
    "a plan that never looks": Case(cells(), "plan", options={"plan": {"evaluate_every": 0}}),
    "a plan without patience": Case(cells(), "plan", options={"plan": {"patience": "none"}}),
    "a plan of a rate that is a word": Case(cells(), "plan", options={"plan": {"rate": "fast"}}),
    "a plan of half a step": Case(cells(), "plan", options={"plan": {"steps": 0.5}}),
    "a plan of a flag that is a word": Case(
        cells(),
        "plan",
        options={"plan": {"body": PLAN.to_json()["body"] | {"encoder": {"winograd": "no"}}}},
    ),
    "a plan of a cut that is none": Case(
        cells(), "plan", options={"plan": {"cuts": {"0": {"x": 1}}}}
    ),
    "a pandas series": Case(lambda folder: pd.Series(["a", 1]), "table"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_tables_and_requests_are_learnt_from(tmp_path, name):
    case = STRANGE[name]
    assert learnt(case.make(tmp_path), case.target, **case.options).targets


@pytest.mark.parametrize("name", UNMET)
def test_what_cannot_be_met_is_said_in_one_sentence(tmp_path, name):
    case = UNMET[name]
    options = dict(case.options)
    if "plan" in options:
        hostile = {**PLAN.to_json(), **options["plan"]}
        with pytest.raises(PellucidError, match=case.error):
            Plan.from_json(hostile)
        return
    with pytest.raises(PellucidError, match=case.error):
        learnt(case.make(tmp_path), case.target, **options)


@pytest.mark.parametrize("seed", [-1, 2**70])
def test_a_seed_of_any_size_is_taken_or_refused_with_a_word(seed):
    try:
        assert learnt(table(), seed=seed).targets
    except UsageError as error:
        assert "seed" in str(error)


def test_a_wrong_answer_is_named_by_its_line(tmp_path):
    lines = [HEADER, LINES[1].rsplit(",", 1)[0] + ",", *LINES[2:]]
    lines[30] = re.sub(r"^(\d+),[^,]*", r"\1,lots", lines[30])
    with pytest.raises(DataError, match=r"bad\.csv.*line 31|line 31.*bad\.csv"):
        learnt(file("\n".join(lines))(tmp_path), "income")


LEVEL = "a level that is new or was too rare to learn"


def counted(mends: list[dict[str, Any]]) -> Any:
    """How often each fault was mended, over all columns."""
    found: dict[str, int] = {}
    for mend in mends:
        found[mend["fault"]] = found.get(mend["fault"], 0) + mend["count"]
    return found.items()


@pytest.mark.parametrize("name", [name for name, case in MENDED.items() if case.mends])
def test_under_strict_every_mend_is_an_error(tmp_path, name):
    case = MENDED[name]
    with pytest.raises(DataError, match="--strict allows no mends"):
        learnt(case.make(tmp_path), case.target, strict=True, **case.options)


def test_strict_lets_clean_data_pass(tmp_path):
    assert learnt(file(CSV)(tmp_path), strict=True).targets == ("label",)


def test_places_are_lines_of_the_file_and_rows_of_a_frame(tmp_path):
    path = file("\n".join([*LINES[:3], "", *LINES[3:9], "old" + LINES[9][2:], *LINES[10:]]))(
        tmp_path
    )
    (blank, word) = learnt(path).evidence["data"]["mends"]
    assert (blank["where"], word["where"]) == (["line 4"], ["line 11: 'old'"])
    (word,) = learnt(table(age=[*map(str, AGES[:8]), "old", *map(str, AGES[9:])])).evidence["data"][
        "mends"
    ]
    assert word["where"] == ["row 9: 'old'"]
