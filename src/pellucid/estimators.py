"""The scikit-learn face: a classifier and a regressor that learn from arrays and frames."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from pellucid.data.frames import frame_of_columns
from pellucid.data.identifiers import identifier_reason
from pellucid.data.table import Table
from pellucid.errors import Mends, PellucidError
from pellucid.keeping import load
from pellucid.kinds import Array
from pellucid.kinds.cells import texts
from pellucid.learning import fit_only
from pellucid.model import Model
from pellucid.settings import Settings
from pellucid.training.budget import threads_set, usable_threads

FEWEST_ROWS = 10
SEEDS = 10_000_000
# Matrix products take the rows beyond the last whole tile another way. Batches filled up with
# missing cells make a row's prediction the same to the last bit, whatever rows stand beside it.
TILE = 32


class _PellucidEstimator(BaseEstimator):  # type: ignore[misc]
    """What the classifier and the regressor share: parameters, checks of X, fitting, pickling."""

    model_: Model
    kind: str  # of the target

    def __init__(
        self,
        *,
        minutes: float = 5.0,
        kinds: Mapping[str, str] | None = None,
        folds: int | None = None,
        epochs: int | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.minutes = minutes
        self.kinds = kinds
        self.folds = folds
        self.epochs = epochs
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """The learnt model as the files of its directory, so that no code of ours is pickled."""
        state = dict(super().__getstate__())
        if "model_" in state:
            with tempfile.TemporaryDirectory() as folder:
                written = state["model_"].save(Path(folder) / "model")
                state["model_"] = {file.name: file.read_bytes() for file in written.iterdir()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "model_" in state:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in state["model_"].items():
                    (Path(folder) / Path(name).name).write_bytes(content)
                state = {**state, "model_": load(folder)}
        super().__setstate__(state)

    def _learn(self, X: Any, y: Array, name: str) -> Model:
        """The model learnt from all rows of X and their targets."""
        self._check_parameters()
        seed = self.random_state or 0
        if isinstance(seed, np.random.RandomState):
            seed = seed.randint(SEEDS)
        with _told() as mends:
            frame = self._frame(X, mends, reset=True)
            check_consistent_length(X, y)
            while name in frame.columns:
                name += "_"
            whole = frame.with_columns(pl.Series(name, y))
            model = fit_only(
                Table("X", whole.lazy(), whole.height),
                [name],
                Settings(self.minutes, int(seed) % SEEDS, {**self._kinds(frame), name: self.kind}),
                mends,
                folds=self.folds,
                epochs=self.epochs,
                threads=self._threads(),
            )
        for column in frame.drop(model.schema.columns):
            if reason := identifier_reason(column):
                warnings.warn(
                    f"Column {column.name!r} is not learnt from ({reason}); name it in "
                    "`kinds` if it should be.",
                    stacklevel=3,
                )
        return model

    def _kinds(self, frame: pl.DataFrame) -> dict[str, str]:
        """The kinds that are given; in an array, whoever made it wants its numbers learnt from."""
        given = dict(self.kinds or {})
        if hasattr(self, "feature_names_in_"):
            return given
        return {s.name: "number" for s in frame if s.dtype.is_numeric()} | given

    def _check_parameters(self) -> None:
        if not 0 < self.minutes < 1e6:
            raise ValueError(f"minutes must be a number above 0, however: minutes={self.minutes}.")
        for name in ("folds", "epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be None or at least 1, however: {name}={value}.")

    def _threads(self) -> int:
        threads = self.n_jobs or 1
        return threads if threads > 0 else max(1, usable_threads() + 1 + threads)

    def _outputs(self, X: Any) -> Array:
        """The model's outputs for the rows of X."""
        check_is_fitted(self)
        with _told() as mends, threads_set(self._threads()):
            frame = self._frame(X, mends, reset=False)
            whole = frame.vstack(frame.clear(-frame.height % TILE))
            table = Table("X", whole.lazy(), whole.height)
            return self.model_.outputs(table, mends)[0][: frame.height]

    def _frame(self, X: Any, mends: Mends, reset: bool) -> pl.DataFrame:
        """X as a frame, after scikit-learn's checks of its shape and its feature names."""
        if hasattr(X, "__arrow_c_stream__") and not hasattr(X, "iloc"):
            X = pl.DataFrame(X)
        if isinstance(X, pl.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            columns = X.get_columns()
        elif hasattr(X, "iloc") and hasattr(X, "columns"):
            validate_data(self, X, reset=reset, skip_check_array=True)
            columns = [X.iloc[:, position] for position in range(X.shape[1])]
        else:
            # Text, truth values and dates keep their types; the kinds tell them apart.
            X = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
            columns = list(X.T)
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(len(columns))])
        frame = frame_of_columns(list(names), columns, mends)
        for column in frame.select(pl.selectors.float()):
            if column.is_infinite().any():
                raise ValueError(f"Input X contains infinity in the column {column.name!r}.")
        if reset and frame.height < FEWEST_ROWS:
            raise ValueError(
                f"Found array with {frame.height} sample(s) while a minimum of {FEWEST_ROWS} is "
                f"required by {type(self).__name__}."
            )
        return frame


class PellucidClassifier(ClassifierMixin, _PellucidEstimator):  # type: ignore[misc]
    """Learn to predict a class from arrays or from frames of mixed columns.

    minutes: the most wall clock that a fit may take; small tables need less.
    kinds: column -> "number", "category", "date" or "text", over what is recognised; the columns
        of an array are named x0, x1, ...
    folds: how many deep networks are learnt, each choosing on its own part of the rows; None
        lets the number of rows decide.
    epochs: the most passes over the rows of each deep network; None lets the data decide.
    n_jobs: threads of a fit and of a prediction; None means one, -1 all processors.
    random_state: an integer, or a RandomState from which one is drawn; None is 0. The same
        integer gives the same predictions, unless the time or `n_jobs` differs.

    After `fit`: `classes_`, `n_features_in_`, `feature_names_in_` (frames) and `model_`, the
    `pellucid.Model`, which has everything but evidence: no rows are set apart to prove it. What
    is mended in X (a level never seen, a cell that is no number) is told as a warning.
    """

    classes_: Array
    kind = "category"

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from every row; NaN and None are missing cells, infinity is refused."""
        name = _name(y)
        y = validate_data(self, y=y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds {len(self.classes_)} class(es); at least 2 are needed.")
        # Codes and not names are learnt, since a class may be called "none" and is not missing.
        model = self._learn(X, codes, name)
        target = replace(model.schema.targets[0], levels=(_names(self.classes_),), values="text")  # type: ignore[type-var]
        self.model_ = replace(model, schema=replace(model.schema, targets=(target,)))
        return self

    def predict(self, X: Any) -> Array:
        """The most probable class of each row."""
        outputs = self._outputs(X)
        return np.asarray(self.classes_[outputs.argmax(1)])

    def predict_proba(self, X: Any) -> Array:
        """The calibrated probability of each class: (rows, classes), as in `classes_`."""
        shares = np.exp(self._outputs(X).astype(np.float64))
        return np.asarray(shares / shares.sum(1, keepdims=True))


class PellucidRegressor(RegressorMixin, _PellucidEstimator):  # type: ignore[misc]
    """Learn to predict a number from arrays or from frames of mixed columns: its mean.

    Parameters and fitted attributes are those of `PellucidClassifier`, but for `classes_`.
    """

    kind = "number"

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from every row; NaN and None are missing cells, infinity is refused."""
        name = _name(y)
        y = validate_data(self, y=y, y_numeric=True)
        self.model_ = self._learn(X, np.asarray(y, np.float64), name)
        return self

    def predict(self, X: Any) -> Array:
        """The expected number of each row."""
        outputs = self._outputs(X)
        return self.model_.schema.targets[0].decode(outputs).to_numpy()


def _names(classes: Array) -> tuple[str, ...]:
    """The classes as a model writes them, so that it can be evaluated on cells that hold them."""
    cells = frame_of_columns(["y"], [classes], Mends()).to_series()
    written = zip(texts(cells), classes, strict=True)
    return tuple(str(class_) if text is None else text for text, class_ in written)


def _name(y: Any) -> str:
    """What the target is called in the model."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) and name.strip() == name != "" else "target"


@contextmanager
def _told() -> Iterator[Mends]:
    """Mends become warnings, and the errors of this package ValueErrors, as scikit-learn asks."""
    mends = Mends()
    try:
        yield mends
    except PellucidError as error:
        raise ValueError(str(error)) from error
    for mend in mends.found:
        warnings.warn(str(mend), stacklevel=5)  # where fit or predict was called
