"""Every row lands on one side, equal rows together, classes everywhere, the future last."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.data.reading import read
from pellucid.data.splitting import (
    Split,
    duplicate_blocks,
    folds,
    latest_chosen,
    repeated,
    split,
    told_of_repeats,
)
from pellucid.errors import DataError, Mends


def sides(made: Split) -> list[np.ndarray]:
    return [made.learn, made.choose, made.prove]


def classes(height: int, *shares: float) -> pl.Series:
    names = [chr(ord("a") + i) for i in range(len(shares))]
    return pl.Series("y", np.random.default_rng(0).choice(names, height, p=shares))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("aaab")), min_size=5, max_size=80),
    st.integers(0, 5),
    st.booleans(),
)
def test_each_row_is_on_one_side_and_blocks_are_whole(
    rows: list[tuple[int, str]], seed: int, prove: bool
) -> None:
    blocks, target = np.array([b for b, _ in rows]), pl.Series("y", [y for _, y in rows])
    few = len(set(blocks)) < (3 if prove else 2)
    if few or target.n_unique() < 2:
        with pytest.raises(DataError):
            split(target, blocks=blocks, seed=seed, prove=prove)
        return
    made = split(target, blocks=blocks, seed=seed, prove=prove)
    assert sorted(np.concatenate(sides(made))) == list(range(len(rows)))
    parts = [set(blocks[side]) for side in sides(made)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert all(len(side) for side in sides(made)[: 3 if prove else 2])
    assert all((np.diff(side) > 0).all() for side in sides(made))


def test_the_shares_are_70_15_15_and_classes_are_spread_evenly() -> None:
    target = classes(2_000, 0.7, 0.25, 0.05)
    made = split(target, blocks=np.arange(2_000))
    assert [len(side) for side in sides(made)] == [1_400, 300, 300]
    for name in "abc":
        share = (target == name).to_numpy()
        assert all(abs(share[side].mean() - share.mean()) < 0.004 for side in sides(made))


def test_a_class_of_three_rows_is_on_every_side() -> None:
    target = pl.Series("y", ["a"] * 97 + ["b"] * 3)
    made = split(target, blocks=np.arange(100))
    assert all((target[side] == "b").sum() == 1 for side in sides(made))


def test_numbers_are_spread_by_their_quantiles() -> None:
    target = pl.Series("y", np.random.default_rng(0).gamma(1, 1, 1_000))
    tenth = (target.rank() - 1) * 10 // 1_000
    for side in sides(split(target, blocks=np.arange(1_000))):
        counts = np.bincount(tenth[side].cast(pl.Int64))
        assert counts.max() - counts.min() <= 1


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    target, blocks = classes(500, 0.5, 0.5), np.arange(500)
    first, again, other = (split(target, blocks=blocks, seed=seed) for seed in (1, 1, 2))
    assert all(map(np.array_equal, sides(first), sides(again)))
    assert not np.array_equal(first.prove, other.prove)


def test_middling_tables_choose_on_five_thousand_rows_and_learn_from_the_others() -> None:
    target = pl.Series("y", np.arange(50_000) % 2 == 0).cast(pl.String)
    made = split(target, blocks=np.arange(50_000))
    assert (len(made.learn), len(made.choose), len(made.prove)) == (37_500, 5_000, 7_500)


def test_large_tables_hold_back_no_more_than_is_useful() -> None:
    target = pl.Series("y", np.arange(1_200_000) % 1_000 == 0).cast(pl.String)
    made = split(target, blocks=np.arange(1_200_000))
    assert len(made.choose) == pytest.approx(20_000, abs=20)
    assert len(made.prove) == pytest.approx(50_000, abs=20)
    assert (target[made.prove] == "true").mean() == pytest.approx(0.001, rel=0.5)


def test_few_large_groups_are_still_parted() -> None:
    target, blocks = classes(600, 0.5, 0.5), np.repeat(np.arange(6), 100)
    assert sorted(len(side) for side in sides(split(target, blocks=blocks))) == [100, 100, 400]


def test_one_huge_group_learns_and_does_not_distort_the_classes() -> None:
    target = classes(3_000, 0.5, 0.5)
    made = split(target, blocks=np.maximum(np.arange(3_000) - 1_799, 0))
    assert 0 in made.learn
    assert len(made.prove) == pytest.approx(450, abs=5)
    assert (target[made.prove] == "a").mean() == pytest.approx(0.5, abs=0.05)


def test_time_makes_the_past_learn_and_the_latest_prove() -> None:
    order = np.random.default_rng(0).integers(0, 200, 1_000).astype(float)
    order[:5] = np.nan
    made = split(classes(1_000, 0.5, 0.5), blocks=np.arange(1_000), order=order)
    assert np.nanmax(order[made.learn]) < order[made.choose].min()
    assert order[made.choose].max() < order[made.prove].min()
    assert len(made.prove) == pytest.approx(150, abs=10)
    assert "5 rows without a time learn" in made.how
    made = split(classes(1_000, 0.5, 0.5), blocks=np.arange(1_000), order=order, prove=False)
    assert made.how.startswith("by time: the past learns, the latest rows choose")


def test_time_that_stands_still_is_an_error() -> None:
    with pytest.raises(DataError, match="time column"):
        split(classes(100, 0.5, 0.5), blocks=np.arange(100), order=np.zeros(100))


@pytest.mark.parametrize("words", [("train", "valid", "test"), ("Training", " dev", "TEST")])
def test_the_users_own_column_decides(words: tuple[str, ...]) -> None:
    own = pl.Series("part", [words[row % 3] for row in range(30)])
    made = split(classes(30, 0.5, 0.5), blocks=np.arange(30), own=own)
    assert [side.tolist() for side in sides(made)] == [list(range(i, 30, 3)) for i in range(3)]
    assert made.how == "by the column 'part'"


def test_a_side_the_user_left_out_is_drawn_from_those_to_learn() -> None:
    own = pl.Series("part", ["train"] * 80 + ["test"] * 20)
    made = split(classes(100, 0.5, 0.5), blocks=np.arange(100), own=own)
    assert made.prove.tolist() == list(range(80, 100))
    assert len(made.choose) == 12
    assert "choose drawn" in made.how


@pytest.mark.parametrize("cells", [[True, False] * 5, ["train", "testt"] * 5, ["train", None] * 5])
def test_a_column_of_other_words_is_refused_with_an_example(cells: list[object]) -> None:
    with pytest.raises(DataError, match=r"hold something else, such as (True|'testt'|None)"):
        split(classes(10, 0.5, 0.5), blocks=np.arange(10), own=pl.Series("part", cells))


def test_too_little_to_split_is_an_error() -> None:
    with pytest.raises(DataError, match="4 rows are too few"):
        split(pl.Series("y", ["a", "b", "a", "b"]), blocks=np.arange(4))
    with pytest.raises(DataError, match="every row has the same 'y': 'a'"):
        split(pl.Series("y", ["a"] * 50), blocks=np.arange(50))
    with pytest.raises(DataError, match="only 2 groups"):
        split(classes(50, 0.5, 0.5), blocks=np.arange(50) % 2)


def test_equal_rows_share_a_block_whatever_their_id() -> None:
    table = read(
        {"id": range(100), "a": [row % 60 for row in range(100)], "b": ["x"] * 100}, Mends()
    )
    blocks = duplicate_blocks(table, ["id", "a", "b"])
    assert blocks.tolist() == [row % 60 for row in range(100)]


def test_repeats_that_are_how_the_data_is_are_not_kept_together() -> None:
    table = read({"a": [row % 3 for row in range(300)], "b": ["x"] * 300}, Mends())
    assert duplicate_blocks(table, ["a", "b"]).tolist() == list(range(300))
    assert duplicate_blocks(table, []).tolist() == list(range(300))


def test_folds_choose_each_row_once_with_blocks_whole_and_classes_even() -> None:
    target, blocks = classes(90, 0.8, 0.2), np.arange(90) // 2
    rows = np.arange(1_000, 1_090)
    made = folds(rows, target, blocks, 5, seed=0)
    assert sorted(np.concatenate([choose for _, choose in made])) == rows.tolist()
    for learn, choose in made:
        assert sorted([*learn, *choose]) == rows.tolist()
        assert not set(blocks[learn - 1_000]) & set(blocks[choose - 1_000])
        assert abs(int((target[choose - 1_000] == "b").sum()) - (target == "b").sum() / 5) <= 2
    again = folds(rows, target, blocks, 5, seed=0)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(made, again, strict=True))


def test_there_are_no_more_folds_than_groups() -> None:
    target, blocks = classes(30, 0.5, 0.5), np.arange(30) % 3
    assert len(folds(np.arange(30), target, blocks, 8, seed=0)) == 3
    with pytest.raises(DataError, match="one group"):
        folds(np.arange(30), target, np.zeros(30, np.int64), 8, seed=0)


def test_of_groups_in_order_the_latest_before_those_to_prove_choose() -> None:
    blocks = np.repeat(np.arange(20), 10)
    own = pl.Series("side", ["train"] * 160 + ["test"] * 40)
    found = latest_chosen(own, blocks)
    assert found is not None
    assert found.to_list() == ["train"] * 130 + ["choose"] * 30 + ["test"] * 40


@pytest.mark.parametrize("fault", ["proving first", "blocks apart", "choosing given"])
def test_rows_that_are_in_no_order_are_chosen_on_as_before(fault: str) -> None:
    blocks = np.repeat(np.arange(20), 10)
    own = pl.Series("side", ["train"] * 160 + ["test"] * 40)
    if fault == "proving first":
        own = own.reverse()
    elif fault == "blocks apart":
        blocks = np.tile(np.arange(20), 10)
    else:
        own = pl.Series("side", ["train"] * 100 + ["valid"] * 60 + ["test"] * 40)
    assert latest_chosen(own, blocks) is None


def test_rows_to_prove_on_that_are_learnt_from_are_told() -> None:
    generator = np.random.default_rng(0)
    cells = generator.normal(size=130).round(6).tolist()
    learn = read({"id": list(range(100)), "x": cells[:100]}, Mends())
    test = read({"id": list(range(500, 560)), "x": cells[70:]}, Mends())
    made = Split(np.arange(80), np.arange(80, 100), np.arange(100, 160), "")
    assert repeated((learn, test), ["id", "x"], made) == 30
    told = told_of_repeats(replace(made, repeats=30))
    assert told is not None
    assert told.startswith("30 of 60 rows to prove on have the same inputs as a row that is learnt")
    assert told_of_repeats(made) is None
    new = Split(made.learn, made.choose, np.arange(130, 160), "")
    assert repeated((learn, test), ["id", "x"], new) == 0
    few = read({"x": [1, 2, 3, 4] * 25}, Mends())  # of so few different rows all repeat
    assert repeated((few, few), ["x"], made) == 0
