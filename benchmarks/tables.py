"""The data sets of the comparison, each as a task with learning rows and test rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Task:
    """What is to be predicted from which rows, and on which it is judged."""

    name: str
    target: str
    number: bool  # the target is a number, else a class
    text: tuple[str, ...]  # columns of free text, for rivals that must be told
    train: pl.DataFrame
    test: pl.DataFrame


def read_csv(path: Path) -> pl.DataFrame:
    """Every cell as it is written."""
    return pl.read_csv(path, infer_schema=False)


def official(frame: pl.DataFrame, drop: Sequence[str] = ()) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows marked 'test' in the column 'split' against all others."""
    kept = frame.drop(*drop, "split")
    is_test = frame["split"] == "test"
    return kept.filter(~is_test), kept.filter(is_test)


def shuffled(
    frame: pl.DataFrame, together: Sequence[str] = (), share: float = 0.2, seed: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A seeded split; rows equal in the columns `together` stay on one side."""
    keys = frame.select(together or frame.columns).hash_rows(seed=0).to_numpy()
    groups = np.unique(keys, return_inverse=True)[1]
    order = np.random.default_rng(seed).permutation(groups.max() + 1)
    test_groups = order[: round(len(order) * share)]
    is_test = pl.Series(np.isin(groups, test_groups))
    return frame.filter(~is_test), frame.filter(is_test)


def sst2(data: Path) -> Task:
    """Film reviews: is the sentence positive?"""
    train, test = official(read_csv(data / "sst2/sst2.csv"))
    return Task("sst2", "label", False, ("sentence",), train, test)


def covid_fake_news(data: Path) -> Task:
    """Posts about an epidemic: real or fake?"""
    frame = read_csv(data / "covid-fake-news/covid_fake_news.csv")
    return Task("covid-fake-news", "label", False, ("tweet",), *official(frame, drop=["id"]))


def snips(data: Path) -> Task:
    """Spoken requests: which of seven intents?"""
    frame = read_csv(data / "snips-intent-slots/snips.csv")
    return Task("snips", "intent", False, ("text",), *official(frame, drop=["slots"]))


def bbc_news(data: Path) -> Task:
    """News articles: which topic? The id is left out, since it begins with the topic."""
    frame = read_csv(data / "bbc-news/bbc_news.csv").drop("id")
    return Task("bbc-news", "topic", False, ("title", "text"), *shuffled(frame, together=["text"]))


def petfinder(data: Path) -> Task:
    """Adoption adverts of categories, numbers and a description: how soon?"""
    frame = read_csv(data / "petfinder-mini/petfinder_mini.csv")
    return Task("petfinder-mini", "AdoptionSpeed", False, ("Description",), *official(frame))


def county_margin(data: Path) -> Task:
    """Counties: the margin of votes."""
    frame = read_csv(data / "us-county-elections/county_2016.csv")
    return Task("county-margin", "margin_2016", True, (), *official(frame, drop=["winner_2016"]))


def county_winner(data: Path) -> Task:
    """Counties: the winner."""
    frame = read_csv(data / "us-county-elections/county_2016.csv")
    return Task("county-winner", "winner_2016", False, (), *official(frame, drop=["margin_2016"]))


def scikit(name: str) -> Task:
    """A table that scikit-learn ships, its classes by name."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    names = [str(column).replace(" ", "_") for column in bunch.feature_names]
    frame = pl.DataFrame(bunch.data, schema=names)
    is_number = name == "diabetes"
    target = bunch.target if is_number else np.asarray(bunch.target_names)[bunch.target].astype(str)
    frame = frame.with_columns(pl.Series("target", target))
    return Task(name.replace("_", "-"), "target", is_number, (), *shuffled(frame))


TASKS: dict[str, Callable[[Path], Task]] = {
    "sst2": sst2,
    "covid-fake-news": covid_fake_news,
    "snips": snips,
    "bbc-news": bbc_news,
    "petfinder-mini": petfinder,
    "county-margin": county_margin,
    "county-winner": county_winner,
    "digits": lambda data: scikit("digits"),
    "breast-cancer": lambda data: scikit("breast_cancer"),
    "wine": lambda data: scikit("wine"),
    "diabetes": lambda data: scikit("diabetes"),
}
