"""The tree-shaped path: scikit-learn's boosted trees as tensors say what scikit-learn says."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch

from pellucid.errors import PellucidError
from pellucid.kinds.category import Category
from pellucid.kinds.number import Number
from pellucid.networks.layers import Trees
from pellucid.training.boosting import (
    Measured,
    as_tensors,
    best_model,
    boost,
    check_same,
    measurements,
)

ROWS = 600
RNG = np.random.default_rng(0)
FEATURES = np.where(RNG.random((ROWS, 4)) < 0.1, np.nan, RNG.normal(size=(ROWS, 4)).round(1))
MEASURED = Measured(FEATURES, ())
SCORE = np.nan_to_num(FEATURES[:, 0]) * 2 + np.isnan(FEATURES[:, 1]) + (FEATURES[:, 2] > 0.5)


def target_of(levels):
    """The kind of the target, and its encoded values."""
    if levels is None:
        kind = Number.fit_target(pl.Series("t", SCORE))
        return kind, kind.encode_target(pl.Series("t", SCORE))
    kind = Category.fit_target(pl.Series("t", [f"level {i}" for i in range(levels)]))
    edges = np.quantile(SCORE, np.linspace(0, 1, levels + 1)[1:-1])
    return kind, np.searchsorted(edges, SCORE)


def grown(kind, values, trees=12, measured=MEASURED):
    model = boost(kind, 0, trees, measured, values, seed=0)
    layer = Trees(measured.numbers.shape[1], kind.linear_outputs)
    layer.load_state_dict(as_tensors(model, kind.linear_outputs, getattr(model, "classes_", None)))
    return model, layer


@pytest.mark.parametrize("levels", [None, 2, 3, 7])
def test_the_layer_says_what_scikit_learn_says_also_of_rows_it_never_saw(levels):
    kind, values = target_of(levels)
    model, layer = grown(kind, values)
    new = RNG.normal(size=(500, 4)) * 3
    new[::7, 1] = np.nan
    new[3] = np.nan
    for features in (FEATURES, new):
        said = kind.as_logs(layer(torch.from_numpy(features)).numpy())
        np.testing.assert_allclose(said, kind.boosted_output(model, features), atol=1e-4)
    assert not list(layer.parameters())


@pytest.mark.parametrize(("plain", "most"), [((True, True), 320), ((True, False), 20)])
def test_rows_with_media_are_measured_no_more_at_a_time_than_a_network_takes(plain, most):
    sizes = []

    def batch(rows, ragged):
        sizes.append(len(rows))
        return rows.unsqueeze(1).double()

    network = SimpleNamespace(plain=plain, coded=(), measurements=lambda raw: raw)
    rows = np.arange(700)
    found = measurements(network, SimpleNamespace(chunk=20, batch=batch), rows)
    assert found.numbers[:, 0].tolist() == rows.tolist()
    assert max(sizes) == most


def test_a_level_that_no_row_has_is_never_predicted():
    kind, values = target_of(3)
    values = np.where(values == 1, 2, values)
    _, layer = grown(kind, values)
    output = layer(torch.from_numpy(FEATURES))
    assert output.shape == (ROWS, 3)
    assert set(output.argmax(1).tolist()) == {0, 2}


def test_without_trees_there_is_only_the_base():
    layer = Trees(4, 3)
    assert not layer(torch.from_numpy(FEATURES)).any()


def test_grown_trees_come_back_from_their_state():
    kind, values = target_of(3)
    _, layer = grown(kind, values)
    again = Trees(4, 3)
    again.load_state_dict(layer.state_dict())
    x = torch.from_numpy(FEATURES)
    assert again(x).equal(layer(x))


CODES = RNG.integers(1, 16, ROWS).astype(float)  # of levels in no order that matters
EFFECT = RNG.permutation(16)[CODES.astype(int)] / 10
CODED = Measured(np.column_stack([FEATURES, np.where(RNG.random(ROWS) < 0.1, np.nan, CODES)]), (4,))


@pytest.mark.parametrize("levels", [None, 2, 3])
def test_levels_are_parted_as_scikit_learn_parts_them_also_those_it_never_saw(levels):
    kind, _ = target_of(levels)
    values = kind.encode_target(pl.Series("t", EFFECT + SCORE)) if levels is None else None
    if levels:
        edges = np.quantile(EFFECT, np.linspace(0, 1, levels + 1)[1:-1])
        values = np.searchsorted(edges, EFFECT)
    part = CODED[np.flatnonzero(CODES != 7)]
    model, layer = grown(kind, values[CODES != 7], measured=part)
    assert bool(layer.subset.any())
    asked = CODED.numbers.copy()
    asked[::9, 4] = RNG.integers(1, 200, len(asked[::9]))  # most of them never seen
    for features in (CODED.numbers, asked):
        said = kind.as_logs(layer(torch.from_numpy(features)).numpy())
        np.testing.assert_allclose(said, kind.boosted_output(model, features), atol=1e-4)


def test_parting_levels_learns_more_of_them_than_asking_for_their_rank():
    kind = Number.fit_target(pl.Series("t", EFFECT))
    values = kind.encode_target(pl.Series("t", EFFECT))
    errors = []
    for measured in (CODED, Measured(CODED.numbers, ())):
        model = boost(kind, 0, 20, measured[np.arange(400)], values[:400], seed=0)
        errors.append(np.square(model.predict(measured.numbers[400:]) - values[400:]).mean())
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize("name", ["column", "subset", "left", "right", "root", "output"])
@pytest.mark.parametrize("index", [-1, 10**6])
def test_trees_that_point_out_of_bounds_are_refused(name, index):
    kind, values = target_of(3)
    _, layer = grown(kind, values)
    state = {key: value.clone() for key, value in layer.state_dict().items()}
    state[name][0] = index
    with pytest.raises(ValueError, match=f"{name!r} is out of bounds"):
        Trees(4, 3).load_state_dict(state)


def test_the_better_shape_is_chosen_on_rows_that_it_was_not_grown_on():
    kind, values = target_of(None)
    fold = (np.arange(400), np.arange(400, ROWS))
    scores = []
    for shape in (0, 1):
        model = boost(kind, shape, 40, MEASURED[fold[0]], values[:400], seed=0)
        scores.append(np.square(model.predict(FEATURES[400:]) - values[400:]).mean())
    shape, _ = best_model(kind, 40, MEASURED, values, fold, seed=0)
    assert shape == int(np.argmin(scores))


def test_another_form_of_trees_in_a_newer_scikit_learn_would_be_noticed():
    check_same(np.array([[1.0]]), np.array([[1.0]]))
    with pytest.raises(PellucidError, match="in another form"):
        check_same(np.array([[1.0]]), np.array([[1.1]]))
