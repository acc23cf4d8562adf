"""The rival libraries, each fitted on a task's CSV files; runs in the rivals' environment."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SVD_COMPONENTS = 64


@dataclass(frozen=True)
class Data:
    """A task as the rivals need it: typed columns, sorted by kind, missing texts empty."""

    train: pd.DataFrame
    test: pd.DataFrame
    target: Any  # numbers, or class names as text
    is_number: bool
    numbers: list[str]
    categories: list[str]
    text: list[str]
    threads: int


class NotApplicableError(Exception):
    """This rival has nothing to learn from in this task."""


def read(folder: Path, threads: int) -> Data:
    """The task that `peers.write_task` wrote."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    train, test = (pd.read_csv(folder / f"{part}.csv") for part in ("train", "test"))
    target = train.pop(task["target"])
    target = target.to_numpy(float) if task["number"] else target.astype(str).to_numpy(str)
    test = test[train.columns].copy()
    text = list(task["text"])
    numbers = [name for name in train.select_dtypes("number") if name not in text]
    categories = [name for name in train if name not in numbers and name not in text]
    for frame in (train, test):
        frame[text] = frame[text].fillna("").astype(str)
        frame[categories] = frame[categories].fillna("missing").astype(str)
        frame[numbers] = frame[numbers].astype(float)
    return Data(train, test, target, task["number"], numbers, categories, text, threads)


def sparse_features(data: Data, characters: bool) -> tuple[Any, Any]:
    """Scaled numbers, one-hot categories, TF-IDF of words (and characters)."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    scale = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    steps: list[Any] = [
        ("numbers", scale, data.numbers),
        ("categories", OneHotEncoder(handle_unknown="ignore"), data.categories),
    ]
    for name in data.text:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        steps.append((f"words {name}", words, name))
        if characters:
            pieces = TfidfVectorizer(
                analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2
            )
            steps.append((f"characters {name}", pieces, name))
    transform = ColumnTransformer(steps)
    return transform.fit_transform(data.train), transform.transform(data.test)


def dense_features(data: Data, fill: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Numbers, categories with the levels of the learning rows, texts as SVD components."""
    train = data.train[data.numbers + data.categories].copy()
    test = data.test[data.numbers + data.categories].copy()
    for name in data.categories:
        levels = pd.CategoricalDtype(sorted(train[name].unique()))
        train[name], test[name] = train[name].astype(levels), test[name].astype(levels)
    if fill:
        median = data.train[data.numbers].median().fillna(0.0)
        train[data.numbers] = train[data.numbers].fillna(median)
        test[data.numbers] = test[data.numbers].fillna(median)
    for name in data.text:
        for frame, part in zip((train, test), _svd(data, name), strict=True):
            frame[[f"{name} {i}" for i in range(part.shape[1])]] = part
    # Some libraries refuse spaces and brackets in names.
    train.columns = test.columns = pd.Index([f"c{i}" for i in range(train.shape[1])])
    return train, test


def _svd(data: Data, name: str) -> tuple[Any, Any]:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    steps = make_pipeline(words, TruncatedSVD(SVD_COMPONENTS, random_state=0))
    train = steps.fit_transform(data.train[name])
    return train.astype(np.float32), steps.transform(data.test[name]).astype(np.float32)


def constant(data: Data) -> Any:
    """The mean, or the most frequent class."""
    if data.is_number:
        return np.full(len(data.test), data.target.mean())
    levels, counts = np.unique(data.target, return_counts=True)
    return np.full(len(data.test), levels[counts.argmax()])


def linear(data: Data) -> Any:
    """Logistic regression, or ridge regression with its penalty chosen by cross-validation."""
    from sklearn.linear_model import LogisticRegression, RidgeCV

    train, test = sparse_features(data, characters=False)
    model = RidgeCV(np.logspace(-3, 3, 13)) if data.is_number else LogisticRegression(max_iter=2000)
    return model.fit(train, data.target).predict(test)


def tfidf_svc(data: Data) -> Any:
    """TF-IDF of words and characters with a linear support vector machine."""
    from sklearn.svm import LinearSVC

    if data.is_number or not data.text:
        raise NotApplicableError("no text, or no class")
    train, test = sparse_features(data, characters=True)
    return LinearSVC(random_state=0).fit(train, data.target).predict(test)


def hist_gradient_boosting(data: Data) -> Any:
    """scikit-learn's histogram gradient boosting; long categories become codes."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    train, test = dense_features(data)
    for name in train.select_dtypes("category"):
        if len(train[name].cat.categories) > 250:
            train[name], test[name] = train[name].cat.codes, test[name].cat.codes
    cls = HistGradientBoostingRegressor if data.is_number else HistGradientBoostingClassifier
    model = cls(categorical_features="from_dtype", random_state=0)
    return model.fit(train, data.target).predict(test)


def lightgbm(data: Data) -> Any:
    """LightGBM with its defaults."""
    import lightgbm as library

    train, test = dense_features(data)
    cls = library.LGBMRegressor if data.is_number else library.LGBMClassifier
    model = cls(random_state=0, n_jobs=data.threads, verbose=-1)
    return model.fit(train, data.target).predict(test)


def lightgbm_tuned(data: Data, trials: int = 30, seconds: float = 280.0) -> Any:
    """LightGBM, the best of 30 random settings on validation rows, fitted again on all rows."""
    import lightgbm as library

    if not data.is_number:
        raise NotApplicableError("for numbers only")
    start = time.process_time()
    train, test = dense_features(data)
    generator = np.random.default_rng(0)
    held = generator.random(len(train)) < 0.2
    best: tuple[float, dict[str, Any]] = (np.inf, {})
    for _ in range(trials):
        if time.process_time() - start > seconds * 0.75:
            break
        settings = _draw_settings(generator) | {"n_jobs": data.threads}
        model = library.LGBMRegressor(n_estimators=5000, **settings)
        pair = (train[held], data.target[held])
        stop = library.early_stopping(50, verbose=False)
        model.fit(train[~held], data.target[~held], eval_set=[pair], callbacks=[stop])
        error = float(np.mean((model.predict(pair[0]) - pair[1]) ** 2))
        if error < best[0]:
            best = (error, settings | {"n_estimators": max(1, int(model.best_iteration_ * 1.1))})
    return library.LGBMRegressor(**best[1]).fit(train, data.target).predict(test)


def _draw_settings(generator: np.random.Generator) -> dict[str, Any]:
    return {
        "learning_rate": float(np.exp(generator.uniform(np.log(0.02), np.log(0.2)))),
        "num_leaves": int(np.exp(generator.uniform(np.log(8), np.log(256)))),
        "min_child_samples": int(np.exp(generator.uniform(np.log(2), np.log(100)))),
        "subsample": float(generator.uniform(0.6, 1.0)),
        "subsample_freq": 1,
        "colsample_bytree": float(generator.uniform(0.5, 1.0)),
        "reg_lambda": float(np.exp(generator.uniform(np.log(1e-3), np.log(10)))),
        "random_state": 0,
        "verbose": -1,
    }


def catboost(data: Data) -> Any:
    """CatBoost with its defaults, texts as SVD components."""
    train, test = dense_features(data)
    for name in train.select_dtypes("category"):
        train[name] = train[name].astype(str)
        test[name] = test[name].astype(object).fillna("unseen").astype(str)
    return _catboost(data, train, test, {})


def catboost_text(data: Data) -> Any:
    """CatBoost with its defaults and its own text features."""
    if not data.text:
        raise NotApplicableError("no text")
    return _catboost(data, data.train, data.test, {"text_features": data.text})


def _catboost(data: Data, train: pd.DataFrame, test: pd.DataFrame, options: dict[str, Any]) -> Any:
    import catboost as library

    text = options.get("text_features", [])
    categories = [n for n in train if n not in text and not pd.api.types.is_numeric_dtype(train[n])]
    cls = library.CatBoostRegressor if data.is_number else library.CatBoostClassifier
    model = cls(
        random_seed=0,
        thread_count=data.threads,
        verbose=False,
        allow_writing_files=False,
        cat_features=categories,
        **options,
    )
    return model.fit(train, data.target).predict(test).reshape(-1)


def realmlp(data: Data) -> Any:
    """RealMLP with its tuned defaults, texts as SVD components."""
    return _pytabkit(data, "RealMLP_TD")


def tabm(data: Data) -> Any:
    """TabM with its defaults, texts as SVD components; minutes too slow where all is text."""
    if not data.numbers and not data.categories:
        raise NotApplicableError("text only")
    return _pytabkit(data, "TabM_D")


def _pytabkit(data: Data, name: str) -> Any:
    import pytabkit

    train, test = dense_features(data, fill=True)
    cls = getattr(pytabkit, f"{name}_{'Regressor' if data.is_number else 'Classifier'}")
    model = cls(device="cpu", random_state=0, n_threads=data.threads, verbosity=0)
    levels, codes = np.unique(data.target, return_inverse=True)
    model.fit(train, data.target if data.is_number else codes)
    predicted = np.asarray(model.predict(test)).reshape(-1)
    return predicted if data.is_number else levels[predicted.astype(int)]


def fasttext(data: Data) -> Any:
    """fastText on the texts alone."""
    import fasttext as library

    if data.is_number or not data.text:
        raise NotApplicableError("no text, or no class")
    levels, codes = np.unique(data.target, return_inverse=True)
    joined = [
        frame[data.text].agg(" ".join, axis=1).str.replace("\n", " ").tolist()
        for frame in (data.train, data.test)
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        lines = (f"__label__{c} {line}\n" for c, line in zip(codes, joined[0], strict=True))
        file.writelines(lines)
        file.flush()
        model = library.train_supervised(
            file.name, epoch=25, wordNgrams=2, lr=0.5, thread=data.threads, verbose=0
        )
    labels, _ = model.predict(joined[1])
    return levels[[int(label[0].removeprefix("__label__")) for label in labels]]


RIVALS: dict[str, Callable[[Data], Any]] = {
    "constant": constant,
    "linear": linear,
    "tfidf-svc": tfidf_svc,
    "hist-gradient-boosting": hist_gradient_boosting,
    "lightgbm": lightgbm,
    "lightgbm-tuned": lightgbm_tuned,
    "catboost": catboost,
    "catboost-text": catboost_text,
    "realmlp": realmlp,
    "tabm": tabm,
    "fasttext": fasttext,
}


def main() -> None:
    """Fit one rival on one task; write its predictions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rival", choices=RIVALS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    try:
        data = read(chosen.folder, chosen.threads)
        predicted = np.asarray(RIVALS[chosen.rival](data))
    except NotApplicableError as reason:
        print(f"not applicable: {reason}")
        return
    np.savez_compressed(chosen.output, predicted=predicted.astype(float if data.is_number else str))


if __name__ == "__main__":
    main()
