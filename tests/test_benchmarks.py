"""The benchmarks' arithmetic and loaders; nothing here is trained."""

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

# The benchmarks are a folder beside the package, not a part of what is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import BENCHMARKS, bootstrap, made, peers, printing, processes, serving, tables


def test_accuracy_and_rmse_are_scored_from_row_losses() -> None:
    classes = bootstrap.row_losses(np.array(["a", "b", "1"]), np.array(["a", "a", "1"]), False)
    assert bootstrap.score(classes, number=False) == pytest.approx(2 / 3)
    numbers = bootstrap.row_losses(np.array([1.0, 2.0]), np.array([1.0, 5.0]), True)
    assert bootstrap.score(numbers, number=True) == pytest.approx(4.5**0.5)


def test_whole_number_labels_match_their_text() -> None:
    losses = bootstrap.row_losses(np.array(["0", "4", "2"]), np.array([0, 4, 1]), False)
    assert losses.tolist() == [0.0, 0.0, 1.0]


def test_equal_predictions_have_a_gap_of_exactly_zero() -> None:
    losses = np.array([0.0, 1.0, 1.0, 0.0])
    assert bootstrap.paired_gap(losses, losses, number=False) == bootstrap.Gap(0, 0, 0, "equal")


def test_the_interval_of_a_paired_gap_agrees_with_the_normal_formula() -> None:
    generator = np.random.default_rng(1)
    ours, theirs = (
        (generator.random(4000) < 0.1).astype(float),
        (generator.random(4000) < 0.2).astype(float),
    )
    gap = bootstrap.paired_gap(ours, theirs, number=False)
    spread = 1.96 * (theirs - ours).std() / 4000**0.5
    assert gap.value == pytest.approx((theirs - ours).mean())
    assert gap.low == pytest.approx(gap.value - spread, abs=0.1 * spread)
    assert gap.high == pytest.approx(gap.value + spread, abs=0.1 * spread)
    assert gap.verdict == "better"


def test_rows_are_resampled_in_pairs() -> None:
    # Theirs is worse than ours by one row in fifty, always on the same rows as ours:
    # unpaired, the noise of the common rows would hide it.
    common = (np.arange(2000) % 2).astype(float)
    theirs = np.maximum(common, (np.arange(2000) % 50 == 0).astype(float))
    assert bootstrap.paired_gap(common, theirs, number=False).verdict == "better"
    assert bootstrap.paired_gap(theirs, common, number=False).verdict == "worse"


def test_a_smaller_rmse_is_better() -> None:
    generator = np.random.default_rng(2)
    small, large = generator.random(500), 4 + generator.random(500)
    assert bootstrap.paired_gap(small, large, number=True).verdict == "better"
    assert bootstrap.paired_gap(large, small, number=True).verdict == "worse"


def test_the_bootstrap_repeats_itself_and_refuses_other_rows() -> None:
    generator = np.random.default_rng(3)
    ours, theirs = generator.random(100), generator.random(100)
    first = bootstrap.paired_gap(ours, theirs, True, seed=5)
    assert first == bootstrap.paired_gap(ours, theirs, True, seed=5)
    assert first != bootstrap.paired_gap(ours, theirs, True, seed=6)
    with pytest.raises(ValueError, match="100 rows"):
        bootstrap.paired_gap(ours, theirs[:99], True)


def test_the_official_split_keeps_validation_rows_for_learning(tmp_path: Path) -> None:
    folder = tmp_path / "sst2"
    folder.mkdir()
    lines = ["sentence,label,split", '"good, warm",1,train', "dull,0,dev", "fine,1,test"]
    (folder / "sst2.csv").write_text("\n".join(lines), encoding="utf-8")
    task = tables.sst2(tmp_path)
    assert task.train["sentence"].to_list() == ["good, warm", "dull"]
    assert task.test.rows() == [("fine", "1")]


def test_repeated_articles_stay_on_one_side(tmp_path: Path) -> None:
    folder = tmp_path / "bbc-news"
    folder.mkdir()
    frame = pl.DataFrame(
        {"id": range(200), "title": "t", "text": [f"body {i % 100}" for i in range(200)]}
    )
    frame.with_columns(topic=pl.lit("tech")).write_csv(folder / "bbc_news.csv")
    task = tables.bbc_news(tmp_path)
    assert "id" not in task.train.columns
    assert task.test.height == 40
    assert task.train.height == 160
    assert not set(task.train["text"]) & set(task.test["text"])


def test_neither_county_task_is_told_the_answer_of_the_other(tmp_path: Path) -> None:
    folder = tmp_path / "us-county-elections"
    folder.mkdir()
    lines = [
        "fips,people,margin_2016,winner_2016,split",
        "01001,5,0.5,R,train",
        "01003,6,-0.1,D,test",
    ]
    (folder / "county_2016.csv").write_text("\n".join(lines), encoding="utf-8")
    assert tables.county_margin(tmp_path).train.columns == ["fips", "people", "margin_2016"]
    assert tables.county_winner(tmp_path).test.rows() == [("01003", "6", "D")]


def test_scikit_tables_are_whole_and_name_their_classes() -> None:
    task = tables.scikit("wine")
    assert (task.train.height, task.test.height) == (142, 36)
    assert set(task.train["target"]) == {"class_0", "class_1", "class_2"}
    assert tables.scikit("diabetes").number


def test_a_task_is_written_as_csv_and_read_back(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": ['say "no", twice\nor more', None], "y": ["a", "b"]})
    folder = peers.write_task(tables.Task("t", "y", False, ("text",), frame, frame), tmp_path)
    assert pl.read_csv(folder / "train.csv").equals(frame)
    about = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    assert about == {"target": "y", "number": False, "text": ["text"]}


def test_made_tables_repeat_themselves() -> None:
    assert made.steps_and_interactions(500).equals(made.steps_and_interactions(500))
    assert not made.steps_and_interactions(500).equals(made.steps_and_interactions(500, seed=1))
    assert made.small_mixed(100).null_count().sum_horizontal().item() > 0


def test_a_large_table_has_twenty_columns_and_a_target_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    made.write_large(path, rows=300)
    frame = pl.read_csv(path)
    assert frame.height == 300
    assert frame.width == 21
    batches = list(made.large_batches(300, size=100))
    assert [batch.height for batch in batches] == [100, 100, 100]
    assert not batches[0].equals(batches[1])


def test_a_process_is_counted_and_stopped_at_its_limit() -> None:
    used = processes.run([sys.executable, "-c", "print(sum(range(10**6)))"])
    assert (used.code, used.ended, used.output.strip()) == (0, True, "499999500000")
    assert 0 < used.cpu_seconds <= used.wall_seconds * 2
    limits = processes.Limits(wall_seconds=0.3)
    stopped = processes.run([sys.executable, "-c", "import time; time.sleep(60)"], limits)
    assert not stopped.ended
    assert stopped.wall_seconds < 30
    busy = processes.run(
        [sys.executable, "-c", "while True: pass"], processes.Limits(cpu_seconds=1)
    )
    assert not busy.ended


def test_results_print_as_markdown_and_gather_in_one_file(tmp_path: Path) -> None:
    rows = [{"name": "a|b", "score": 0.5}, {"name": "c", "note": "x"}]
    assert printing.markdown(rows).splitlines() == [
        "| name | score | note |",
        "| --- | --- | --- |",
        "| a/b | 0.5000 |  |",
        "| c |  | x |",
    ]
    output = tmp_path / "results.json"
    printing.publish("first", rows, output)
    printing.publish("second", rows[:1], output)
    assert set(json.loads(output.read_text(encoding="utf-8"))) == {"first", "second"}


def test_every_benchmark_in_the_table_has_its_file() -> None:
    folder = Path(processes.ROOT) / "benchmarks"
    assert [name for name in BENCHMARKS if not (folder / f"{name}.py").exists()] == []


def test_what_the_load_tool_prints_is_read() -> None:
    told = """Running 4s test @ http://127.0.0.1:8123/predict
  Latency Distribution
     50%  915.79us
     90%    1.10s
     99%    0.98s
  2000 requests in 4.06s, 1.37MB read
  Socket errors: connect 0, read 3, write 0, timeout 1
  Non-2xx or 3xx responses: 7
Requests/sec:    492.49
"""
    load = serving.read_wrk(told)
    assert (load.per_second, load.errors) == (492.49, 11)
    assert (load.p50, load.p99) == pytest.approx((0.91579, 980))
