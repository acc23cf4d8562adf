"""The command line: exit statuses, what goes to which stream, one paragraph for each fault."""

import gc
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pellucid import cli
from pellucid.keeping import load
from processes import command_line, start
from tiny import PLAN, ROWS, inputs, learnt, table

LINE = ("learn", "rows.csv", "--target", "label", "--plan", "model")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled rows, rows to predict, a model of a class and one of a number."""
    folder = tmp_path_factory.mktemp("cli")
    pl.DataFrame(table()).write_csv(folder / "rows.csv")
    pl.DataFrame(inputs()).write_csv(folder / "new.csv")
    learnt(folder / "rows.csv", plan=PLAN, output=folder / "model")
    learnt(folder / "rows.csv", "income", plan=PLAN, output=folder / "prices")
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = Path(shutil.copytree(prepared, tmp_path / "folder"))
    monkeypatch.chdir(copy)
    return copy


class Pellucid:
    """Runs the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        self.monkeypatch.setattr(sys, "argv", ["pellucid", *words])
        self.monkeypatch.setattr("warnings.showwarning", None)  # so that it is put back
        with pytest.raises(SystemExit) as ended:
            cli.main()
        gc.unfreeze()  # a process that the command has to itself would be over now
        captured = self.capsys.readouterr()
        status = ended.value.code
        return (status if isinstance(status, int) else 0), captured.out, captured.err


@pytest.fixture
def pellucid(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pellucid:
    return Pellucid(monkeypatch, capsys)


def strict(text: str) -> Any:
    """One JSON object without NaN or infinities."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))


# ---- learn ---------------------------------------------------------------------------------------


def test_learn_tells_each_stage_and_keeps_the_model_beside_the_caller(folder, pellucid):
    status, out, err = pellucid(*LINE)
    assert (status, err) == (0, "")
    headings = [line[:10].strip() for line in out.splitlines() if line[:1].strip()]
    assert headings == ["data", "task", "inputs", "split", "plan", "learning", "verdict", "saved"]
    assert load(folder / "rows.pellucid").targets == ("label",)
    assert not (folder / "rows.pellucid.partial").exists()


FIELDS = {
    *("task", "performance", "baseline", "gap", "curve", "verdict", "learned", "beats_baseline"),
    *("skipped", "mended", "seconds", "output", "targets"),
}


def test_json_is_one_object_on_standard_output_with_the_fields_of_the_design(folder, pellucid):
    with (folder / "rows.csv").open("a") as file:
        file.write("1,2\n50,not a number,Rome,2020-01-01,yes\n,,,,\n")
    status, out, err = pellucid(*LINE, "--json", "--output", "kept")
    assert status == 0 and "verdict" in err
    found = strict(out)
    assert out.count("\n") == 1 and set(found) == FIELDS
    assert set(found["performance"]) == {"metric", "value", "low", "high", "rows", "repeats"}
    assert set(found["baseline"]) == {"name", "metric", "value"}
    assert set(found["gap"]) == {"value", "low", "high"}
    assert (found["skipped"], found["mended"], found["output"]) == (2, 1, "kept")
    assert found["task"].startswith("predict the class 'label' (2 levels")
    assert isinstance(found["learned"], bool) and isinstance(found["beats_baseline"], bool)
    assert found["seconds"] > 0


def test_learn_from_data_that_come_along_needs_no_target(folder, pellucid):
    status, out, err = pellucid("learn", "sample:wine", "--plan", "model", "--json")
    assert status == 0, err
    assert strict(out)["output"] == "wine.pellucid"


# ---- predict -------------------------------------------------------------------------------------


def test_predictions_go_to_standard_output_as_one_table(folder, pellucid):
    status, out, err = pellucid("predict", "model", "new.csv")
    assert (status, err) == (0, "")
    answers = pl.read_csv(out.encode())
    assert answers.columns == ["label", "label confidence"] and answers.height == ROWS
    assert answers["label"].to_list() == load("model").predict("new.csv").to_list()


READERS = {
    "out.csv": pl.read_csv,
    "out.tsv": lambda path: pl.read_csv(path, separator="\t"),
    "out.parquet": pl.read_parquet,
    "out.arrow": pl.read_ipc,
    "out.jsonl": pl.read_ndjson,
}


@pytest.mark.parametrize("name", READERS)
def test_predictions_are_written_as_the_name_says(folder, pellucid, name):
    assert pellucid("predict", "model", "new.csv", "--output", name, "--proba") == (0, "", "")
    answers = READERS[name](folder / name)
    assert answers.columns == ["label", "label=no", "label=yes"]
    assert answers["label"].to_list() == load("model").predict("new.csv").to_list()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_number_is_predicted_with_its_interval(folder, pellucid):
    _, out, _ = pellucid("predict", "prices", "rows.csv")
    answers = pl.read_csv(out.encode())
    assert answers.columns == ["income", "income low", "income high"]
    assert ((answers["income low"] <= answers["income"]) & answers["income high"].is_finite()).all()


def test_slices_are_one_table_with_one_header(folder, pellucid, monkeypatch):
    whole = pellucid("predict", "model", "new.csv")[1]
    monkeypatch.setattr("pellucid.data.table.BATCH_ROWS", 7)
    parts = pellucid("predict", "model", "new.csv")[1]
    assert parts.count("label") == 2
    assert pl.read_csv(parts.encode())["label"].equals(pl.read_csv(whole.encode())["label"])


@pytest.mark.filterwarnings("default")
def test_what_was_mended_is_told_on_standard_error(folder, pellucid):
    rows = (folder / "new.csv").read_text().splitlines()
    (folder / "odd.csv").write_text("\n".join([*rows[:3], "old,1", *rows[3:]]))
    status, out, err = pellucid("predict", "model", "odd.csv")
    assert status == 0 and out.count("\n") == ROWS + 2
    assert "1 × fewer fields than the header" in err and "column 'age': 1 × not a number" in err
    assert "(line 4: 'old')" in err
    assert all(line.startswith("pellucid: ") for line in err.splitlines())
    (folder / "odd.csv").write_text((folder / "rows.csv").read_text() + "old,1\n")
    status, out, err = pellucid("evaluate", "model", "odd.csv")
    assert status == 0 and "1 × fewer fields than the header" in err
    assert all(line.startswith("pellucid: ") for line in err.splitlines())


def test_names_in_other_letters_reach_a_terminal_that_lacks_them(folder, pellucid):
    cells = {**inputs(), "label": ["да" if age > 45 else "нет" for age in inputs()["age"]]}
    learnt(cells, output="letters")
    run = start(folder, _in_ascii, "predict", "letters", "new.csv")
    assert run.wait() == 0, run.err.read_text()
    assert set(pl.read_csv(run.out)["label"]) == {"да", "нет"}


def _in_ascii(*words: str) -> None:
    sys.stdout.reconfigure(encoding="ascii")  # type: ignore[union-attr]
    command_line(*words)


# ---- evaluate, report, reproduce, doctor ---------------------------------------------------------


def test_evaluate_says_whether_performance_held(folder, pellucid):
    head, *rows = (folder / "rows.csv").read_text().splitlines()
    (folder / "april.csv").write_text("\n".join([head, *reversed(rows), ""]))
    status, out, err = pellucid("evaluate", "model", "april.csv")
    assert (status, err) == (0, "") and "performance held" in out
    found = strict(pellucid("evaluate", "model", "april.csv", "--json")[1])
    assert found["label"]["performance"]["rows"] == ROWS and found["label"]["held"] is True


def test_evaluate_of_one_row_is_strict_json_too(folder, pellucid):
    lines = (folder / "rows.csv").read_text().splitlines()
    (folder / "one.csv").write_text("\n".join(lines[:2]))
    for model in ("model", "prices"):
        status, out, err = pellucid("evaluate", model, "one.csv", "--json")
        assert status == 0, err
        strict(out)
    assert " on 1 row: " in pellucid("evaluate", "model", "one.csv")[1]


def test_the_report_is_written_anew(folder, pellucid):
    (folder / "model" / "report.html").unlink()
    assert pellucid("report", "model") == (0, "model/report.html\n", "")
    assert (folder / "model" / "report.html").stat().st_size > 10_000


def test_reproduce_gives_the_same_bytes_and_says_when_not(folder, pellucid):
    status, out, _ = pellucid("reproduce", "model", "rows.csv")
    assert status == 0 and out.startswith("reproduced: ")
    lines = (folder / "rows.csv").read_text().splitlines()
    (folder / "other.csv").write_text("\n".join(lines[:-5]))
    status, out, _ = pellucid("reproduce", "model", "other.csv")
    assert status == 1 and "not reproduced" in out and "the data are not the same" in out


def test_doctor_says_what_there_is(pellucid):
    status, out, err = pellucid("doctor")
    assert (status, err) == (0, "") and "torch" in out and "processors" in out


# ---- faults --------------------------------------------------------------------------------------

FAULTS = {
    "no target": (["learn", "rows.csv"], 2, "--target NAME"),
    "a target misspelt": (["learn", "rows.csv", "--target", "lable"], 1, "did you mean 'label'"),
    "a kind without a name": (
        ["learn", "rows.csv", "--target", "label", "--kind", "category"], 2, "NAME=KIND"
    ),
    "a kind misspelt": (
        ["learn", "rows.csv", "--target", "label", "--kind", "age=numbr"], 2, "'number'"
    ),
    "minutes below 0": (
        ["learn", "rows.csv", "--target", "label", "--minutes", "-1"], 2, "minutes must be"
    ),
    "a forecast without its time": (
        ["learn", "rows.csv", "--target", "income", "--horizon", "2"], 2, "(--time day)"
    ),
    "minutes that are no number": (
        ["learn", "rows.csv", "--target", "label", "--minutes", "nan"], 2, "minutes must be"
    ),
    "no such file": (["learn", "row.csv", "--target", "label"], 1, 'did you mean "rows.csv"'),
    "no such sample": (["learn", "sample:digit", "--target", "x"], 1, "digits"),
    "an output that is no model": ([*LINE, "--output", "."], 1, "is no pellucid model"),
    "an output below a file": ([*LINE, "--output", "rows.csv/x"], 1, "cannot be written"),
    "mends under strict": (
        ["learn", "ragged.csv", "--target", "label", "--strict"], 1, "line 3"
    ),
    "no such model": (["predict", "gone", "new.csv"], 1, '"gone" is no model'),
    "a file for a model": (["predict", "rows.csv", "new.csv"], 1, "is no model"),
    "no such rows": (["predict", "model", "gone.csv"], 1, 'no file "gone.csv"'),
    "rows of other columns": (["predict", "model", "other.csv"], 1, "none of the columns"),
    "an output of no known sort": (
        ["predict", "model", "new.csv", "--output", "x.doc"], 2, "end the name in one of .csv"
    ),
    "an output in no folder": (
        ["predict", "model", "new.csv", "--output", "no/x.csv"], 1, "No such file or directory"
    ),
    "rows without answers": (["evaluate", "model", "new.csv"], 1, "has no column 'label'"),
    "a report of nothing": (["report", "new.csv"], 1, "is no model"),
    "a model to reproduce from other data": (["reproduce", "model", "other.csv"], 1, "'label'"),
}  # fmt: skip


@pytest.mark.parametrize("option", ["ignore", "kind", "group", "time", "series", "known", "test"])
def test_an_option_that_names_a_column_the_table_lacks_is_status_1_and_names_the_nearest(
    folder, pellucid, option
):
    named = "incme=number" if option == "kind" else "incme"
    ahead = ["--horizon", "2", "--time", "age"] if option in ("series", "known") else []
    status, out, err = pellucid(*LINE, *ahead, f"--{option}", named)
    assert (status, out) == (1, "")
    assert re.fullmatch(r"pellucid: .*no column 'incme'; did you mean 'income'\?\n", err)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_paragraph_on_standard_error(folder, pellucid, name):
    (folder / "ragged.csv").write_text("age,label\n1,a\n2\n" + "3,b\n4,a\n" * 20)
    (folder / "other.csv").write_text("colour,size\nred,1\nblue,2\n")
    before = sorted(path.name for path in folder.iterdir())
    words, expected, message = FAULTS[name]
    status, out, err = pellucid(*words)
    assert status == expected
    assert out == "" and re.fullmatch(r"pellucid: [^\n]+\n", err)
    assert message in err
    gc.collect()
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    "words", [["frobnicate"], ["learn"], [*LINE, "--minuts", "1"], [*LINE, "--seed", "x"]]
)
def test_wrong_usage_is_status_2_and_names_the_help(folder, pellucid, words):
    status, out, err = pellucid(*words)
    assert (status, out) == (2, "") and "pellucid" in err and "-h" in err


def test_a_plan_that_is_not_there_is_said_before_anything_else(folder, pellucid):
    status, out, err = pellucid(*LINE[:-1], "gone")
    assert (status, out) == (1, "") and '"gone" is no model' in err


def test_a_run_that_could_not_begin_leaves_nothing_behind(folder, pellucid):
    before = sorted(path.name for path in folder.iterdir())
    assert pellucid("learn", "rows.csv", "--target", "label", "--kind", "age=numbr")[0] == 2
    gc.collect()
    assert sorted(path.name for path in folder.iterdir()) == before


def test_too_little_memory_is_one_paragraph(folder, pellucid, monkeypatch):
    def too_much(*arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("pellucid.model.network_outputs", too_much)
    status, out, err = pellucid("predict", "model", "new.csv")
    assert (status, out) == (1, "") and "memory" in err and err.count("\n") == 1


def test_names_and_cells_cannot_command_the_terminal(folder, pellucid):
    evil = "\x1b[2J\x1b]0;owned\x07"
    cells = {**table(), f"size{evil}": [row % 3 for row in range(ROWS)]}
    pl.DataFrame(cells).write_csv(folder / "evil.csv")
    for words in (
        ("learn", "evil.csv", "--target", "label", "--plan", "model"),
        ("learn", "evil.csv", "--target", f"lab{evil}", "--plan", "model"),
        ("predict", f"gone{evil}", "new.csv"),
        ("predict", "evil", "new.csv"),
    ):
        _, out, err = pellucid(*words)
        assert "\x1b" not in out + err and "\x07" not in out + err


# ---- streams that end early ----------------------------------------------------------------------


def _into_a_closed_pipe(*words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    _into(writing, *words)


def _into_a_full_device(*words: str) -> None:
    _into(os.open("/dev/full", os.O_WRONLY), *words)


def _into(number: int, *words: str) -> None:
    os.dup2(number, 1)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    command_line(*words)


@pytest.mark.parametrize("verb", [["predict", "model", "new.csv"], ["doctor"], [*LINE]])
def test_a_reader_that_has_had_enough_ends_it_in_silence(folder, verb):
    run = start(folder, _into_a_closed_pipe, *verb)
    assert run.wait() == 1
    assert run.err.read_text() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_standard_output_is_one_paragraph(folder):
    run = start(folder, _into_a_full_device, "predict", "model", "new.csv")
    assert run.wait() == 1
    assert "cannot be written: No space left on device" in run.err.read_text()
    assert "Traceback" not in run.err.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_predictions_that_find_no_room_leave_no_file(folder, pellucid, monkeypatch, name):
    def no_room(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_room)
    status, out, err = pellucid("predict", "model", "new.csv", "--output", name)
    assert (status, out) == (1, "") and "No space left on device" in err and err.count("\n") == 1
    assert not [path for path in folder.iterdir() if "out" in path.name]
