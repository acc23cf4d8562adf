"""Estimators of scikit-learn for numbers and for classes: lines, and the shallow models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.kinds.contract import Array

ROUNDS, NEAREST = 6, 1e-2  # of reweighting; errors below are as good as none (standard units)


def ridge(
    design: Any, target: Array, strength: float, counts: Array | None = None
) -> tuple[Array, Array]:
    """Weights (features, 1) and bias (1,) of ridge regression; rows count 1, or as given."""
    from sklearn.linear_model import Ridge

    solver = "sparse_cg" if hasattr(design, "indptr") else "cholesky"
    model = Ridge(alpha=strength, solver=solver, tol=1e-3, random_state=0)
    model.fit(design, target, sample_weight=counts)
    return model.coef_.reshape(-1, 1), np.reshape(model.intercept_, 1)


def least_absolute(design: Any, target: Array, strength: float) -> tuple[Array, Array]:
    """The same of absolute errors: least squares reweighted by them (Schlossmacher 1973)."""
    weight, bias = ridge(design, target, strength)
    for _ in range(ROUNDS):
        error = target - (design @ weight)[:, 0] - bias
        weight, bias = ridge(design, target, strength, counts_of(error))
    return weight, bias


def counts_of(error: Array) -> Array:
    """How much rows count so that their squared errors add up like absolute ones; 1 on average."""
    counts = 1 / np.maximum(np.abs(error), NEAREST)
    return np.asarray(counts / counts.mean())


def separating_lines(
    design: Any, target: Array, strength: float, levels: int
) -> tuple[Array, Array]:
    """Weights (features, levels) and bias (levels,); a level that no row has keeps a low score.

    A linear support-vector machine where features are sparse, else logistic regression.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    occurring = np.unique(target)
    weight = np.zeros((design.shape[1], levels))
    if len(occurring) < 2:
        return weight, np.zeros(levels)
    if hasattr(design, "indptr"):
        model = LinearSVC(C=strength, random_state=0, tol=1e-2, max_iter=100)
    else:
        model = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a line that has not quite converged is a line still
        model.fit(design, target)
    bias = np.full(levels, -5.0)
    if len(occurring) == 2:
        weight[:, occurring] = np.outer(model.coef_[0], [-0.5, 0.5])
        bias[occurring] = model.intercept_[0] * np.array([-0.5, 0.5])
    else:
        weight[:, occurring], bias[occurring] = model.coef_.T, model.intercept_
    return weight, bias


def shallow_for_numbers(seed: int) -> Mapping[str, Any]:
    """A support-vector machine with Gaussian kernels, and a random forest."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    return {
        "SVM": make_pipeline(StandardScaler(with_mean=False), SVR(C=3)),
        "forest": RandomForestRegressor(100, max_features=1 / 3, random_state=seed),
    }


def shallow_for_classes(seed: int) -> Mapping[str, Any]:
    """A support-vector machine with Gaussian kernels, and a random forest."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return {
        "SVM": make_pipeline(StandardScaler(with_mean=False), SVC(C=10)),
        "forest": RandomForestClassifier(300, random_state=seed),
    }


def scores_of(model: Any, features: Array, levels: int) -> Array:
    """(rows, levels) scores of a fitted classifier; low where it never saw the level."""
    output = np.full((len(features), levels), -20.0)
    if len(model.classes_) == 1:  # a fold may hold no other class
        output[:, model.classes_] = 0.0
    elif not hasattr(model, "decision_function"):
        output[:, model.classes_] = np.log(model.predict_proba(features) + 1e-4)
    else:
        score = model.decision_function(features)
        output[:, model.classes_] = np.outer(score, [-0.5, 0.5]) if score.ndim == 1 else score
    return output
