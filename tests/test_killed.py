"""A run that is killed goes on when the same line is run again; nothing is ever half written."""

import gc
import json
import os
import random
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from pellucid import keeping
from pellucid.errors import DataError
from pellucid.keeping import load
from pellucid.store import build_store
from pellucid.training import watch
from pellucid.training.optimizers import FlatAdamW
from pellucid.workshop import Workshop
from processes import Run, command_line, start
from tiny import PLAN, learnt, table

WEIGHTS = "weights.safetensors"
LONGER = replace(PLAN, folds=3, steps=200, evaluate_every=20, patience=100, trees=5)
LINE = ("learn", "rows.csv", "--target", "label", "--plan", "first.pellucid", "--output", "again")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table and a model that was learnt from it undisturbed."""
    folder = tmp_path_factory.mktemp("killed")
    pl.DataFrame(table()).write_csv(folder / "rows.csv")
    learnt(folder / "rows.csv", plan=LONGER, output=folder / "first.pellucid")
    return folder


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "folder"))


def _with_many_checkpoints(*words: str) -> None:
    watch.CHECKPOINT_SECONDS = 0.02
    command_line(*words)


def _networks(folder: Path) -> list[Path]:
    return sorted(folder.glob("again.partial/network-*"))


# ---- kill -9 while learning ----------------------------------------------------------------------


def test_a_run_that_is_killed_three_times_ends_with_the_same_bytes(folder):
    draw, found = random.Random(0), []
    for networks in (1, 2, 3):
        run = start(folder, _with_many_checkpoints, *LINE)
        run.wait_for(lambda count=networks: len(_networks(folder)) >= count)
        run.process.join(draw.uniform(0, 0.1))
        run.process.kill()
        assert run.wait() == -signal.SIGKILL, run.err.read_text()
        assert not (folder / "again").exists()
        found.append([file.stat().st_size for file in _networks(folder)])
    assert [len(sizes) for sizes in found] == sorted(len(sizes) for sizes in found)
    last = start(folder, _with_many_checkpoints, *LINE)
    assert last.wait() == 0, last.err.read_text()
    assert "goes on from its checkpoints" in last.out.read_text("utf-8")
    assert (folder / "again" / WEIGHTS).read_bytes() == (
        folder / "first.pellucid" / WEIGHTS
    ).read_bytes()
    assert {path.name for path in folder.iterdir()} == {
        *("rows.csv", "first.pellucid", "again", "out.txt", "err.txt")
    }


def test_time_spent_before_a_kill_counts_on(tmp_path):
    request = {"data": "same"}
    shop = Workshop(tmp_path / "model", request)
    shop.started -= 100
    shop.note_time()
    assert Workshop(tmp_path / "model", request).spent >= 100
    assert Workshop(tmp_path / "model", {"data": "other"}).spent < 100


def test_another_request_begins_anew(folder):
    run = start(folder, _with_many_checkpoints, *LINE)
    run.wait_for(lambda: bool(_networks(folder)))
    run.process.kill()
    run.wait()
    other = start(folder, command_line, *LINE, "--seed", "1")
    assert other.wait() == 0, other.err.read_text()
    assert "goes on" not in other.out.read_text("utf-8")


SPOILT = {
    "a checkpoint that is empty": ("network-0.safetensors", b""),
    "a checkpoint cut short": ("network-0.safetensors", None),
    "a time of nothing": ("spent.json", b'{"seconds": "long"}'),
    "a request of nothing": ("request.json", b"[[["),
}


def _learn_and_be_stopped_before_the_evidence(
    monkeypatch: pytest.MonkeyPatch, rows: Path, output: Path
) -> None:
    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pellucid.learning.judge", stop)
        with pytest.raises(KeyboardInterrupt):
            learnt(rows, plan=LONGER, output=output)


def test_what_was_learnt_before_is_not_learnt_again(first, tmp_path, monkeypatch):
    _learn_and_be_stopped_before_the_evidence(monkeypatch, first / "rows.csv", tmp_path / "model")
    monkeypatch.setattr("pellucid.training.optimizers.FlatAdamW.step", pytest.fail)
    learnt(first / "rows.csv", plan=LONGER, output=tmp_path / "model")


def test_checkpoints_of_another_format_are_not_gone_on_from(first, tmp_path, monkeypatch):
    _learn_and_be_stopped_before_the_evidence(monkeypatch, first / "rows.csv", tmp_path / "model")
    monkeypatch.setattr(keeping, "FORMAT", keeping.FORMAT + 1)
    step, steps = FlatAdamW.step, []
    monkeypatch.setattr(FlatAdamW, "step", lambda *a: (steps.append(a[1]), step(*a)))
    learnt(first / "rows.csv", plan=LONGER, output=tmp_path / "model")
    assert steps


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"body": 5}'])
def test_checkpoints_of_a_plan_that_is_damaged_are_worth_nothing(tmp_path, content):
    shop = Workshop(tmp_path / "model", {})
    shop.keep_plan(PLAN)
    assert Workshop(tmp_path / "model", {}).plan() == PLAN
    checkpoint = tmp_path / "model.partial" / "network-0.safetensors"
    checkpoint.write_bytes(b"of that plan")
    (tmp_path / "model.partial" / "plan.json").write_bytes(content)
    assert Workshop(tmp_path / "model", {}).plan() is None
    assert not checkpoint.exists()


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.filterwarnings("ignore:.*this network begins again")
def test_what_is_damaged_in_the_workshop_is_done_over(first, tmp_path, monkeypatch, name):
    """As after a power cut: the run goes on with what is sound and ends with the same weights."""
    rows, output = first / "rows.csv", tmp_path / "model"

    _learn_and_be_stopped_before_the_evidence(monkeypatch, rows, output)
    spoilt, content = SPOILT[name]
    place = tmp_path / "model.partial" / spoilt
    place.write_bytes(place.read_bytes()[:-20] if content is None else content)
    learnt(rows, plan=LONGER, output=output)
    assert (output / WEIGHTS).read_bytes() == (first / "first.pellucid" / WEIGHTS).read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_two_runs_at_once_do_not_share_a_folder(folder):
    run = start(folder, _with_many_checkpoints, *LINE)
    run.wait_for(lambda: bool(_networks(folder)))
    os.kill(run.process.pid or 0, signal.SIGSTOP)
    with pytest.raises(DataError, match="another run is at work"):
        Workshop(folder / "again", {})
    run.process.kill()
    assert run.wait() == -signal.SIGKILL
    Workshop(folder / "again", {})


def test_files_of_others_beside_the_output_are_left_alone(tmp_path):
    (tmp_path / "model.partial").mkdir()
    (tmp_path / "model.partial" / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="holds files that no run has left"):
        learnt(table(), output=tmp_path / "model")
    assert (tmp_path / "model.partial" / "thesis.txt").read_text() == "years of work"


# ---- a disk that is full ------------------------------------------------------------------------


@contextmanager
def files_no_larger_than(most: int) -> Iterator[None]:
    """Makes writes of Python and of Rust fail as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("most", [0, 5_000, 30_000])
def test_a_run_that_finds_no_room_goes_on_when_there_is_some(first, tmp_path, monkeypatch, most):
    monkeypatch.setattr(watch, "CHECKPOINT_SECONDS", 0.02)
    rows, output = first / "rows.csv", tmp_path / "model"
    with pytest.raises(DataError, match=r"File too large.*run the same again"):
        with files_no_larger_than(most):
            learnt(rows, plan=LONGER, output=output)
    assert not output.exists()
    learnt(rows, plan=LONGER, output=output)
    assert (output / WEIGHTS).read_bytes() == (first / "first.pellucid" / WEIGHTS).read_bytes()


def test_rows_that_fit_neither_into_memory_nor_on_the_disk_are_one_clear_error(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("pellucid.store.IN_MEMORY", 0)
    with pytest.raises(DataError, match=r"does not fit in memory, .* \(File too large\)"):
        with files_no_larger_than(100):
            build_store([{"number": np.zeros((1_000, 3), np.float32)}], tmp_path)
    assert list(tmp_path.iterdir()) == []
    store = build_store([{"number": np.ones((1_000, 3), np.float32)}] * 2, tmp_path)
    assert store.batch(torch.tensor([0, 1_999]))["number"].tolist() == [[1.0] * 3] * 2
    del store
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_had_on_disk_is_cleared_away(tmp_path):
    shop = Workshop(tmp_path / "model", {})
    assert shop.folder is not None
    (shop.folder / ".store-abc").mkdir()
    (shop.folder / ".store-abc" / "number").write_bytes(bytes(1_000))
    Workshop(tmp_path / "model", {})
    assert not (shop.folder / ".store-abc").exists()


# ---- kill -9 while saving ------------------------------------------------------------------------


def _save_and_die(source: Path, path: Path, steps: int) -> None:
    """Save a model, and be killed before the given call that touches the disk."""
    model, left = load(source), iter(range(steps, -1, -1))

    def dying(call: Any) -> Any:
        def instead(*arguments: Any, **options: Any) -> Any:
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return instead

    for owner, name in (
        *((Path, name) for name in ("mkdir", "write_text", "chmod", "rename", "replace")),
        *((os, "fsync"), (shutil, "rmtree"), (keeping, "write_tensors")),
    ):
        setattr(owner, name, dying(getattr(owner, name)))
    model.save(path)


def test_a_save_killed_at_any_step_leaves_a_whole_model(folder):
    source, path, steps = folder / "first.pellucid", folder / "saved", 0
    shutil.copytree(source, path)
    before, status = load(path).predict(table()), -signal.SIGKILL
    while status != 0:
        run = start(folder, _save_and_die, source, path, steps)
        status, steps = run.wait(), steps + 1
        assert status in (0, -signal.SIGKILL), run.err.read_text()
        if path.exists():
            assert load(path).predict(table()).equals(before)
        else:  # between the two renames the older model lies beside, and is put back
            assert load(folder / ".saved.old").predict(table()).equals(before)
    assert steps > 15
    assert {entry.name for entry in folder.iterdir() if entry.name.startswith(".")} == set()


# ---- Ctrl-C --------------------------------------------------------------------------------------

BUDGETED = ("learn", "rows.csv", "--target", "label", "--minutes", "2", "--output", "again")


def _interrupt(run: Run, folder: Path, first: bool = True) -> None:
    if first:
        run.wait_for(lambda: bool(_networks(folder)))
    os.kill(run.process.pid or 0, signal.SIGINT)


def test_ctrl_c_once_anneals_and_finishes(folder):
    run = start(folder, _with_many_checkpoints, *BUDGETED)
    _interrupt(run, folder)
    assert run.wait() == 0, run.err.read_text()
    told = run.out.read_text("utf-8")
    assert "stopping  annealing and finishing; press Ctrl-C again" in told
    assert "verdict" in told and not run.err.read_text()
    evidence = json.loads((folder / "again" / "evidence.json").read_text("utf-8"))
    assert evidence["actual"]["schedule_changed"]
    assert load(folder / "again").plan.cuts


def test_ctrl_c_twice_stops_and_the_same_line_goes_on(folder):
    run = start(folder, _with_many_checkpoints, *BUDGETED)
    _interrupt(run, folder)
    run.wait_for(lambda: "stopping" in run.out.read_text("utf-8"))
    _interrupt(run, folder, first=False)
    assert run.wait() == 130
    assert run.err.read_text("utf-8") == "pellucid: stopped; run the same line again to go on\n"
    assert not (folder / "again").exists()
    again = start(folder, _with_many_checkpoints, *BUDGETED)
    again.wait_for(lambda: "goes on from its checkpoints" in again.out.read_text("utf-8"))
    _interrupt(again, folder, first=False)
    assert again.wait() == 0, again.err.read_text()
    assert load(folder / "again").targets == ("label",)
