"""Categories: their levels, their order, and what was never seen."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import DataError, Mends
from pellucid.kinds.category import Category


def codes(kind, cells, mends=None):
    frame = pl.DataFrame({kind.columns[0]: cells})
    return kind.encode(frame, mends or Mends())["category"][:, 0].tolist()


def layer_of(kind, width=4):
    return kind.input_layer(width, torch.Generator().manual_seed(0)).eval()


def test_levels_are_ordered_by_frequency_and_equals_by_name():
    kind = Category.fit(pl.DataFrame({"c": ["b", "a", "c", "c", None, "a", "c", "b"]}))
    assert kind.levels == (("c", "a", "b"),)
    assert kind.counts == ((3, 2, 2),)
    assert codes(kind, ["c", "a", "b", None]) == [1, 2, 3, 0]


def test_the_order_of_the_rows_does_not_matter():
    cells = [f"level {i % 7}" for i in range(100)]
    shuffled = np.random.default_rng(0).permutation(cells)
    assert Category.fit(pl.DataFrame({"c": cells})) == Category.fit(pl.DataFrame({"c": shuffled}))


def test_a_level_that_was_never_seen_counts_as_unknown_with_its_place():
    kind, mends = Category.fit(pl.DataFrame({"c": ["x", "y"] * 5})), Mends()
    assert codes(kind, ["x", "z", "", None, "z"], mends) == [1, 0, 0, 0, 0]
    (mend,) = mends.found
    assert mend.count == 2
    assert mend.where == ("row 2: 'z'", "row 5: 'z'")
    assert "new or was too rare" in mend.fault


def test_unknown_and_missing_share_a_vector_that_is_trained_while_nothing_is_missing():
    kind = Category.fit(pl.DataFrame({"c": ["x", "y"] * 300}))
    layer = layer_of(kind).train()
    layer({"category": torch.tensor([[1], [2]] * 300)}).sum().backward()
    times = layer.embedding.weight.grad[:, 0]
    assert 0 < times[0] < 30
    assert times.sum() == 600


def test_a_level_seen_once_is_unknown_only_where_levels_are_many():
    few = Category.fit(pl.DataFrame({"c": ["once", *(["often"] * 10)]}))
    many = Category.fit(pl.DataFrame({"c": ["once", *(f"level {i % 30}" for i in range(90))]}))
    assert "once" in few.levels[0]
    assert "once" not in many.levels[0]
    assert len(many.levels[0]) == 30


@pytest.mark.parametrize(
    ("learnt", "later"),
    [
        ([1, 2, 3], ["1", "2", "3"]),
        ([1.0, 2.0, None], ["1", "2", None]),
        (["1", "2", "3"], [1.0, 2.0, 3.0]),
        ([True, False], ["true", "false"]),
        ([" red", "blue "], ["red", "blue"]),
    ],
)
def test_a_level_is_the_same_whatever_type_the_source_gives_it(learnt, later):
    kind = Category.fit(pl.DataFrame({"c": learnt * 5}))
    mends = Mends(strict=True)
    assert codes(kind, learnt, mends) == codes(kind, later, mends)


def test_a_column_may_be_named_count():
    cells = pl.Series("count", ["b", "a", "b"] * 10)
    assert Category.fit(cells.to_frame()).levels == (("b", "a"),)
    assert Category.fit_target(cells).levels == (("a", "b"),)


def test_columns_do_not_share_their_levels():
    kind = Category.fit(pl.DataFrame({"a": ["x", "y"], "b": ["x", "x"]}))
    layer = layer_of(kind)
    raw = {
        "category": torch.as_tensor(
            kind.encode(pl.DataFrame({"a": ["x"], "b": ["x"]}), Mends())["category"]
        )
    }
    vectors = layer(raw)[0]
    assert not vectors[0].equal(vectors[1])
    index, value = layer.terms(raw)
    assert index.tolist() == [[1, 4]]
    assert value.tolist() == [[1, 1]]
    assert layer.features == 5


def test_a_million_levels_are_quick_and_bounded():
    rng = np.random.default_rng(0)
    cells = pl.DataFrame({"c": pl.Series(rng.integers(0, 1_000_000, 1_000_000)).cast(pl.String)})
    started = time.process_time()
    kind = Category.fit(cells)
    encoded = kind.encode(cells, Mends())["category"]
    assert time.process_time() - started < 10
    assert len(kind.levels[0]) == 65_536
    assert encoded.max() == 65_536
    assert (np.array(kind.counts[0])[:-1] >= np.array(kind.counts[0])[1:]).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.text(max_size=5), min_size=1, max_size=40), st.text(max_size=5))
def test_every_learnt_level_is_found_again_and_every_code_is_in_bounds(cells, other):
    kind = Category.fit(pl.DataFrame({"c": pl.Series(cells, dtype=pl.String)}))
    found = codes(kind, pl.Series([*cells, other], dtype=pl.String))
    assert 0 <= min(found)
    assert max(found) <= len(kind.levels[0])
    for level, code in enumerate(codes(kind, pl.Series(kind.levels[0], dtype=pl.String)), 1):
        assert code == level


def test_the_levels_of_a_target_are_sorted_as_numbers_where_they_are_numbers():
    assert Category.fit_target(pl.Series("t", [10, 9, 2, 10])).levels == (("2", "9", "10"),)
    assert Category.fit_target(pl.Series("t", ["b", "a", "B"])).levels == (("B", "a", "b"),)
    assert Category.fit_target(pl.Series("t", [True, False])).levels == (("false", "true"),)


def test_a_target_with_a_level_that_is_none_of_the_learnt_names_row_and_cell():
    kind = Category.fit_target(pl.Series("t", ["no", "yes"]))
    with pytest.raises(DataError, match=r"'t' has 2 levels; row 3 holds 'maybe'"):
        kind.encode_target(pl.Series("t", ["yes", "no", "maybe"]))


def test_measures_of_a_known_confusion():
    kind = Category.fit_target(pl.Series("t", ["a", "b", "c"]))
    target = np.array([0, 0, 0, 0, 1, 1])
    predicted = np.array([0, 0, 0, 1, 1, 2])
    logs = np.log(np.eye(3)[predicted] * 0.7 + 0.1)
    measured = kind.metrics(logs, target)
    assert measured["accuracy"] == pytest.approx(4 / 6)
    assert measured["macro F1"] == pytest.approx((6 / 7 + 1 / 2 + 0) / 3)
    assert measured["log-loss"] == pytest.approx(-(4 * np.log(0.8) + 2 * np.log(0.1)) / 6)


def test_the_blend_takes_back_confidence_that_was_too_great():
    rng = np.random.default_rng(0)
    kind = Category.fit_target(pl.Series("t", ["a", "b", "c"]))
    true = rng.normal(0, 1.5, (3_000, 3))
    target = np.array([rng.choice(3, p=np.exp(r) / np.exp(r).sum()) for r in true])
    deep = torch.tensor(8 * true, dtype=torch.float32).log_softmax(-1)  # eight times too sure
    linear = torch.tensor(rng.normal(size=(3_000, 3)), dtype=torch.float32)
    paths = (linear, torch.zeros(3_000, 3), torch.zeros(3_000, 3), deep)
    state = kind.fit_blend(paths, torch.as_tensor(target))
    assert state["weights"].tolist() == pytest.approx([0, 0, 0, 1 / 8], abs=0.03)
    layer = kind.blend_layer()
    layer.load_state_dict(state)
    probability = layer(*paths).exp()
    assert probability.sum(1).numpy() == pytest.approx(1, abs=1e-5)


def test_majority_and_boosting_know_levels_that_no_learning_row_has():
    kind = Category.fit_target(pl.Series("t", ["a", "b", "c"]))
    target = np.array([2, 0, 2, 2] * 40)
    name, output = kind.simplest(target, target[:3])
    assert name == "majority class"
    assert output.argmax(1).tolist() == [2, 2, 2]
    assert np.exp(output[0]) == pytest.approx([0.25, 0, 0.75], abs=1e-6)
    model = kind.boosting(0).fit(target[:, None], target)
    boosted = kind.boosted_output(model, target[:, None])
    assert boosted.shape == (160, 3)
    assert boosted.argmax(1).tolist() == target.tolist()


def test_trees_see_ranks_by_frequency_with_gaps_where_unknown():
    kind = Category.fit(pl.DataFrame({"c": ["b", "a", "b"]}))
    seen = layer_of(kind).measurements({"category": torch.tensor([[1], [2], [0]])})
    np.testing.assert_array_equal(seen, [[1], [2], [np.nan]])


def test_the_summary_names_few_levels_and_counts_many():
    few = Category.fit(pl.DataFrame({"c": ["x", "y", "y"]}))
    many = Category.fit(pl.DataFrame({"c": [f"level {i % 1200}" for i in range(4800)]}))
    assert few.summary("c") == "2 levels: y x"
    assert many.summary("c") == "1,200 levels"
