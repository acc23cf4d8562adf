"""The samples are there, whole, and follow the rules they state."""

from __future__ import annotations

import polars as pl
import pytest

from pellucid.data.reading import read
from pellucid.data.samples import SAMPLES, STRENGTH, USUAL_PRICE, houses, sample
from pellucid.errors import DataError, Mends

SHAPES = {
    "breast-cancer": (569, 31),
    "wine": (178, 14),
    "iris": (150, 5),
    "digits": (1797, 65),
    "diabetes": (442, 11),
    "moons": (400, 3),
    "reviews": (600, 5),
    "houses": (2_000, 7),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_read_by_name_with_its_target(name: str) -> None:
    mends = Mends()
    table = read(f"sample:{name}", mends)
    frame = table.lazy.collect()
    assert frame.shape == SHAPES[name]
    assert SAMPLES[name].target in frame.columns
    assert not any(frame.null_count().row(0))
    assert all(column == column.lower() and " " not in column for column in frame.columns)
    assert mends.found == []
    assert frame.equals(sample(name))


def test_classes_have_names_and_the_right_ones() -> None:
    counts = {name: sample(name)[SAMPLES[name].target].value_counts() for name in SAMPLES}
    assert dict(counts["breast-cancer"].iter_rows()) == {"malignant": 212, "benign": 357}
    assert dict(counts["wine"].iter_rows()) == {"barolo": 59, "grignolino": 71, "barbera": 48}
    assert dict(counts["iris"].iter_rows())["setosa"] == 50
    assert sorted(counts["digits"]["digit"]) == list(range(10))


def test_reviews_follow_their_stated_rule() -> None:
    for text, product, price, bought, stars in sample("reviews").iter_rows():
        adjective = next(word for word in STRENGTH if f" {word}" in text)
        strength = STRENGTH[adjective] * (-1 if " not " in text else 1)
        expected = 3 + strength - (price > USUAL_PRICE[product]) - (bought.month == 12)
        assert stars == min(max(expected, 1), 5)
    assert sample("reviews")["stars"].n_unique() == 5


def test_houses_are_made_in_any_number_and_prices_step_where_they_should() -> None:
    frame = houses(20_000).with_columns(metre=pl.col("price") / pl.col("area"))
    assert frame.height == 20_000
    ash = frame.filter(
        pl.col("district") == "Ash", pl.col("garden") == "no", pl.col("heating") == "gas"
    )
    old, new = (
        ash.filter(pl.col("built").is_between(*years))["metre"]
        for years in ((1920, 1969), (2000, 2023))
    )
    assert new.median() / old.median() == pytest.approx(2_600 / 1_700, rel=0.02)


def test_an_unknown_sample_suggests_the_nearest() -> None:
    with pytest.raises(DataError, match="did you mean 'moons'"):
        sample("moon")
