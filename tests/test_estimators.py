"""The scikit-learn face: the classifier and the regressor keep scikit-learn's rules."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from pellucid import PellucidClassifier, PellucidRegressor, load
from pellucid.model import Model

QUICK = {"folds": 1, "epochs": 20}


def mixed_frame(rows=120):
    """Every kind of column; what the shop is decides, the others are noise or repeat it."""
    rng = np.random.default_rng(0)
    shop = rng.choice(["north", "south", "west"], rows)
    words = {"north": "snow and cold wind", "south": "sun on the beach", "west": "rain all day"}
    return pd.DataFrame(
        {
            "review": [
                f"{words[s]} number {rng.integers(900)} of {rng.integers(90)}" for s in shop
            ],
            "shop": shop,
            "bought": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, rows), "D"),
            "price": rng.normal(size=rows),
        }
    )


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    return X, X[:, 0] > 0, 3 * X[:, 0] + X[:, 1] + 100


@pytest.mark.parametrize("made", [PellucidClassifier, PellucidRegressor])
def test_scikit_learns_own_checks_pass(made):
    with warnings.catch_warnings():
        # Its checks warn on purpose, and skip the one for arrays of other libraries.
        warnings.simplefilter("ignore")
        check_estimator(made(folds=1, epochs=20))


def test_a_pandas_frame_of_mixed_columns_gives_the_classes_back_as_they_were():
    frame = mixed_frame()
    y = frame["shop"].map({"north": "cold", "south": "hot", "west": "wet"}).rename("weather")
    estimator = PellucidClassifier(**QUICK).fit(frame, y)
    assert estimator.classes_.tolist() == ["cold", "hot", "wet"]
    assert estimator.feature_names_in_.tolist() == ["review", "shop", "bought", "price"]
    kinds = {c: kind.kind for kind in estimator.model_.schema.inputs for c in kind.columns}
    assert kinds == {"review": "text", "shop": "category", "bought": "date", "price": "number"}
    assert estimator.score(frame, y) > 0.95
    shares = estimator.predict_proba(frame)
    assert shares.shape == (120, 3)
    assert (estimator.classes_[shares.argmax(1)] == estimator.predict(frame)).all()


def test_the_index_of_a_frame_does_not_matter():
    frame = mixed_frame(60)
    y = pd.Series(np.where(frame["shop"] == "west", 2.0, 1.0) + frame["price"])
    plain = PellucidRegressor(**QUICK).fit(frame, y).predict(frame)
    odd = frame.set_axis(range(200, 80, -2))
    same = PellucidRegressor(**QUICK).fit(odd, y.set_axis(range(60))).predict(odd)
    assert np.array_equal(plain, same)


def test_polars_frames_and_pandas_frames_are_learnt_alike():
    frame = mixed_frame(60).drop(columns="review")
    y = (frame["shop"] == "west").to_numpy()
    pandas = PellucidClassifier(**QUICK).fit(frame, y)
    polars = PellucidClassifier(**QUICK).fit(pl.DataFrame(frame.to_dict("list")), pl.Series(y))
    assert polars.feature_names_in_.tolist() == ["shop", "bought", "price"]
    assert np.array_equal(pandas.predict_proba(frame), polars.predict_proba(frame))


def test_columns_of_an_array_are_named_by_their_place(numbers):
    X, y, _ = numbers
    codes = np.column_stack([X[:, 0].round(), X[:, 1]])
    estimator = PellucidClassifier(kinds={"x0": "category"}, **QUICK).fit(codes, y)
    assert not hasattr(estimator, "feature_names_in_")
    assert {kind.kind: kind.columns for kind in estimator.model_.schema.inputs} == {
        "number": ("x1",),
        "category": ("x0",),
    }


def test_classes_may_bear_the_names_of_missing_cells(numbers):
    X, y, _ = numbers
    names = np.where(y, "none", "NA")
    estimator = PellucidClassifier(**QUICK).fit(X, names)
    assert estimator.score(X, names) > 0.9
    assert set(estimator.predict(X)) == {"none", "NA"}


def test_numbers_are_predicted_in_their_own_units(numbers):
    X, _, y = numbers
    assert PellucidRegressor(**QUICK).fit(X, y).score(X, y) > 0.9


def test_the_model_is_one_of_pellucid_without_evidence(numbers, tmp_path):
    X, y, _ = numbers
    estimator = PellucidClassifier(**QUICK).fit(X, pd.Series(y, name="up"))
    model = estimator.model_
    assert isinstance(model, Model)
    assert model.evidence == {}
    frame = pl.DataFrame({**{f"x{i}": X[:, i] for i in range(3)}, "up": y})
    assert model.predict(frame).to_list() == [str(p).lower() for p in estimator.predict(X)]
    assert model.save(tmp_path / "up.pellucid").is_dir()
    found = load(tmp_path / "up.pellucid").evaluate(frame)["up"]
    assert found["performance"]["value"] == estimator.score(X, y)


def test_every_row_is_learnt_from():
    frame = mixed_frame(60)
    model = PellucidRegressor(**QUICK).fit(frame[["shop"]], frame["price"]).model_
    (shop,) = model.schema.inputs
    assert sum(shop.counts[0]) == 60


def test_cross_validation_on_iris_is_right_more_than_nine_times_in_ten():
    X, y = load_iris(return_X_y=True)
    assert cross_val_score(PellucidClassifier(**QUICK), X, y, cv=3).mean() > 0.9


def test_it_works_at_the_end_of_a_pipeline(numbers):
    X, _, y = numbers
    pipeline = make_pipeline(StandardScaler(), PellucidRegressor(**QUICK))
    assert pipeline.fit(X * 1000, y).score(X * 1000, y) > 0.9


def test_a_grid_over_one_parameter_is_searched(numbers):
    X, y, _ = numbers
    search = GridSearchCV(PellucidClassifier(folds=1), {"epochs": [10, 20]}, cv=2).fit(X, y)
    assert (search.cv_results_["mean_test_score"] > 0.8).all()
    assert search.best_estimator_.epochs == search.best_params_["epochs"]
    assert search.score(X, y) > 0.9


def test_the_same_random_state_gives_identical_predictions(numbers):
    X, _, y = numbers
    first = PellucidRegressor(random_state=7, **QUICK).fit(X, y).predict(X)
    assert np.array_equal(first, PellucidRegressor(random_state=7, **QUICK).fit(X, y).predict(X))
    other = PellucidRegressor(random_state=8, **QUICK).fit(X, y).predict(X)
    assert not np.array_equal(first, other)


def test_a_random_state_object_is_drawn_from(numbers):
    X, _, y = numbers
    drawn = [
        PellucidRegressor(random_state=np.random.RandomState(0), **QUICK).fit(X, y).predict(X)
        for _ in range(2)
    ]
    assert np.array_equal(*drawn)
    state = np.random.RandomState(0)
    PellucidRegressor(random_state=state, **QUICK).fit(X, y)
    again = PellucidRegressor(random_state=state, **QUICK).fit(X, y).predict(X)
    assert not np.array_equal(drawn[0], again)


def test_a_large_seed_is_taken(numbers):
    X, _, y = numbers
    PellucidRegressor(random_state=2**32 - 1, **QUICK).fit(X, y)


def test_a_prediction_does_not_depend_on_the_rows_beside_it():
    X = 3 * np.random.default_rng(0).uniform(size=(150, 5))
    estimator = PellucidClassifier(**QUICK).fit(X, np.sin(3 * X).sum(1).round())
    whole = estimator.predict_proba(X)
    assert np.array_equal(estimator.predict_proba(X[::-1])[::-1], whole)
    for row in range(0, 150, 10):
        assert np.array_equal(estimator.predict_proba(X[row : row + 1]), whole[row : row + 1])


@pytest.mark.parametrize("carry", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])
def test_a_copy_predicts_the_same(numbers, carry):
    X, y, _ = numbers
    estimator = PellucidClassifier(**QUICK).fit(X, y)
    assert np.array_equal(carry(estimator).predict_proba(X), estimator.predict_proba(X))


def test_a_pickle_holds_the_files_of_the_model_and_none_of_its_classes(numbers):
    X, y, _ = numbers
    content = pickle.dumps(PellucidClassifier(**QUICK).fit(X, y))
    assert b"PellucidClassifier" in content
    for module in (b"pellucid.model", b"pellucid.networks", b"pellucid.schema", b"torch._utils"):
        assert module not in content


def test_a_clone_has_the_parameters_but_has_learnt_nothing(numbers):
    X, y, _ = numbers
    estimator = PellucidClassifier(minutes=2, kinds={"x0": "number"}, **QUICK).fit(X, y)
    copied = clone(estimator)
    assert copied.get_params() == estimator.get_params()
    assert not hasattr(copied, "model_")


def test_nothing_is_predicted_before_fitting():
    for estimator in (PellucidClassifier(), PellucidRegressor()):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            estimator.predict([[1.0]])


def test_another_number_of_features_is_refused(numbers):
    X, _, y = numbers
    estimator = PellucidRegressor(**QUICK).fit(X, y)
    with pytest.raises(ValueError, match="X has 2 features, but PellucidRegressor is expecting 3"):
        estimator.predict(X[:, :2])


def test_a_frame_with_its_columns_in_another_order_is_refused(numbers):
    X, _, y = numbers
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    estimator = PellucidRegressor(**QUICK).fit(frame, y)
    with pytest.raises(ValueError, match="must be in the same order"):
        estimator.predict(frame[["b", "a", "c"]])


def test_missing_cells_are_taken_and_infinite_ones_refused(numbers):
    X, _, y = numbers
    X = X.copy()
    X[::4, 1] = np.nan
    estimator = PellucidRegressor(**QUICK).fit(X, y)
    assert np.isfinite(estimator.predict(X)).all()
    X[3, 2] = np.inf
    for given in (X, pd.DataFrame(X)):
        with pytest.raises(ValueError, match="infinity in the column 'x2'"):
            PellucidRegressor(**QUICK).fit(given, y)


def test_a_level_never_seen_is_a_warning():
    frame = mixed_frame(60)[["shop", "price"]]
    estimator = PellucidRegressor(**QUICK).fit(frame, frame["price"])
    with pytest.warns(UserWarning, match="'shop': 1 × a level that is new.*row 3: 'east'"):
        estimator.predict(pd.DataFrame({"shop": ["west", "north", "east"], "price": [0, 1, 2]}))


def test_a_column_that_counts_the_rows_is_learnt_from_in_an_array_and_told_of_in_a_frame(numbers):
    X, _, _ = numbers
    X = np.column_stack([np.arange(60.0), X[:, 1]])
    assert PellucidRegressor(**QUICK).fit(X, X[:, 0]).score(X, X[:, 0]) > 0.9
    with pytest.warns(UserWarning, match="Column 'row' is not learnt from .an id"):
        PellucidRegressor(**QUICK).fit(pd.DataFrame(X, columns=["row", "size"]), X[:, 0])


def test_a_few_different_rows_that_repeat_are_all_learnt_from():
    X = np.random.default_rng(0).integers(0, 2, (40, 2))
    y = X[:, 0] ^ X[:, 1]
    assert PellucidClassifier(folds=1).fit(X, y).score(X, y) == 1


def test_a_column_that_never_changes_is_left_out(numbers):
    X, _, y = numbers
    X = np.column_stack([np.ones(60), X])
    estimator = PellucidRegressor(kinds={"x0": "number"}, **QUICK).fit(X, y)
    assert estimator.model_.schema.columns == ["x1", "x2", "x3"]
    assert estimator.n_features_in_ == 4
    assert estimator.score(X, y) > 0.9


def test_a_sparse_matrix_is_refused_as_scikit_learn_does(numbers):
    X, y, _ = numbers
    with pytest.raises(TypeError, match="Sparse data was passed"):
        PellucidClassifier(**QUICK).fit(sparse.csr_matrix(X), y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"minutes": 0}, "minutes must be a number above 0"),
        ({"folds": 0}, "folds must be None or at least 1"),
        ({"epochs": -1}, "epochs must be None or at least 1"),
        ({"kinds": {"x9": "number"}}, "no column 'x9'"),
        ({"kinds": {"x1": "numbr"}}, "Did you mean 'number'"),
    ],
)
def test_a_parameter_that_cannot_be_is_an_error_of_fit(numbers, parameters, message):
    X, y, _ = numbers
    estimator = PellucidClassifier(**parameters)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)


def test_one_class_or_too_few_rows_are_told(numbers):
    X, y, _ = numbers
    with pytest.raises(ValueError, match=r"1 class\(es\); at least 2"):
        PellucidClassifier().fit(X, np.ones(60))
    with pytest.raises(ValueError, match=r"9 sample\(s\) while a minimum of 10"):
        PellucidClassifier().fit(X[:9], y[:9])
