"""Tables to try things on: sets that scikit-learn ships and small ones made by a known rule."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from pellucid.errors import DataError

WINE = ("barolo", "grignolino", "barbera")
DIABETES = {
    "bp": "blood_pressure",
    "s1": "total_cholesterol",
    "s2": "ldl_cholesterol",
    "s3": "hdl_cholesterol",
    "s4": "cholesterol_ratio",
    "s5": "log_triglycerides",
    "s6": "blood_sugar",
}


class Sample(NamedTuple):
    """How to make a table, the column that is usually predicted, and what it is."""

    make: Callable[[], pl.DataFrame]
    target: str
    about: str


def sample(name: str) -> pl.DataFrame:
    """The table of that name."""
    if name not in SAMPLES:
        close = difflib.get_close_matches(name, SAMPLES, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"no sample {name!r} among {', '.join(SAMPLES)}{hint}")
    return SAMPLES[name].make()


def _shipped(name: str, **options: bool) -> Any:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(**options)


def breast_cancer() -> pl.DataFrame:
    """30 measurements of the cells of a tumour: malignant or benign."""
    data = _shipped("breast_cancer")
    return _named(data, {}).with_columns(diagnosis=_names(data.target_names, data.target))


def wine() -> pl.DataFrame:
    """13 measurements of a wine: which of three grapes it was made of."""
    data = _shipped("wine")
    renamed = {"od280/od315_of_diluted_wines": "od280_od315"}
    return _named(data, renamed).with_columns(grape=_names(WINE, data.target))


def iris() -> pl.DataFrame:
    """Four lengths of a flower: which of three species it is."""
    data = _shipped("iris")
    return _named(data, {}).with_columns(species=_names(data.target_names, data.target))


def digits() -> pl.DataFrame:
    """8 x 8 pixels of a handwritten digit, as numbers: which digit it is."""
    data = _shipped("digits")
    return (
        _named(data, {}).cast(pl.Int64).with_columns(digit=pl.Series(data.target, dtype=pl.Int64))
    )


def diabetes() -> pl.DataFrame:
    """Ten measurements of a patient: how far the illness is a year later, a number."""
    data = _shipped("diabetes", scaled=False)
    frame = _named(data, DIABETES).with_columns(sex=pl.col("sex").cast(pl.Int64))
    return frame.with_columns(progression=pl.Series(data.target))


def moons() -> pl.DataFrame:
    """Two interleaved half circles in the plane: which of them a point is of."""
    generator = np.random.default_rng(0)
    angle, upper = generator.uniform(0, np.pi, 400), np.arange(400) % 2 == 0
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) + generator.normal(0, 0.1, 400)
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) + generator.normal(0, 0.1, 400)
    return pl.DataFrame({"x": x, "y": y, "moon": np.where(upper, "upper", "lower")})


def reviews() -> pl.DataFrame:
    """Short reviews with product, price and date: the stars follow from a known rule.

    stars = 3 + the adjective's strength (the other way round after "not") - 1 if the price is
    over the product's usual one - 1 if bought in December, between 1 and 5.
    """
    generator = np.random.default_rng(0)
    products, adjectives = list(USUAL_PRICE), list(STRENGTH)
    rows = []
    for _ in range(600):
        product = products[generator.integers(len(products))]
        adjective = adjectives[generator.integers(len(adjectives))]
        adverb = ADVERBS[generator.integers(len(ADVERBS))]
        opening, ending = (
            phrases[generator.integers(len(phrases))] for phrases in (OPENINGS, ENDINGS)
        )
        price = round(float(USUAL_PRICE[product] * generator.uniform(0.6, 1.4)), 2)
        bought = date(2023, 1, 1) + timedelta(days=int(generator.integers(730)))
        strength = STRENGTH[adjective] * (-1 if adverb == "not" else 1)
        stars = 3 + strength - (price > USUAL_PRICE[product]) - (bought.month == 12)
        text = f"{opening} the {product} is {adverb} {adjective}{ending}"
        rows.append((text, product, price, bought, min(max(stars, 1), 5)))
    return pl.DataFrame(
        rows, schema=["review", "product", "price", "bought", "stars"], orient="row"
    )


def houses(rows: int = 2_000) -> pl.DataFrame:
    """Made-up houses: a price with steps and interactions, and 5 % noise."""
    generator = np.random.default_rng(0)
    area = generator.gamma(8, 15, rows).round(0) + 20
    built = generator.integers(1880, 2024, rows)
    minutes = generator.exponential(20, rows).round(1)
    district = generator.integers(len(DISTRICTS), size=rows)
    heating = generator.integers(len(HEATINGS), size=rows)
    garden = generator.random(rows) < 0.4
    per_metre = 2_000 + 350.0 * district
    per_metre += np.select([built < 1920, built < 1970, built < 2000], [400, -300, 0], 600)
    per_metre -= np.where(minutes > 30, 500, 15 * minutes) * (district > 3)
    per_metre *= np.where((heating == 0) & (built < 1970), 0.8, 1.0)
    price = area * per_metre + garden * (15_000 + 10_000 * (minutes > 15))
    price *= np.exp(generator.normal(0, 0.05, rows))
    return pl.DataFrame(
        {
            "area": area,
            "built": built,
            "minutes_to_centre": minutes,
            "district": np.array(DISTRICTS)[district],
            "heating": np.array(HEATINGS)[heating],
            "garden": np.where(garden, "yes", "no"),
            "price": price.round(-2),
        }
    )


def _named(data: Any, renamed: dict[str, str]) -> pl.DataFrame:
    """The inputs of a scikit-learn set, words joined by underscores, units left out."""
    names = [
        renamed.get(name, name).removesuffix(" (cm)").replace(" ", "_")
        for name in data.feature_names
    ]
    return pl.DataFrame(data.data, schema=names)


def _names(names: Any, codes: Any) -> pl.Series:
    return pl.Series(np.array([str(name) for name in names])[codes])


USUAL_PRICE = {"kettle": 40, "lamp": 25, "toaster": 35, "radio": 60, "blender": 80, "clock": 20}
STRENGTH = {
    "wonderful": 2,
    "excellent": 2,
    "good": 1,
    "handy": 1,
    "ordinary": 0,
    "flimsy": -1,
    "noisy": -1,
    "useless": -2,
    "dreadful": -2,
}
ADVERBS = ("really", "simply", "not", "quite", "truly")
OPENINGS = ("I think", "My sister says", "After a month,", "Out of the box,", "To be honest,")
ENDINGS = (".", ", as my neighbour told me.", " and it came in two days.", "!", " for our kitchen.")
DISTRICTS = ("Ash", "Birch", "Cedar", "Elm", "Larch", "Maple", "Oak", "Pine")
HEATINGS = ("coal", "gas", "heat pump")

SAMPLES: dict[str, Sample] = {
    "breast-cancer": Sample(breast_cancer, "diagnosis", "tumour cells: malignant or benign"),
    "wine": Sample(wine, "grape", "chemistry of wines of three grapes"),
    "iris": Sample(iris, "species", "sizes of the flowers of three species"),
    "digits": Sample(digits, "digit", "8 x 8 pixels of handwritten digits, as numbers"),
    "diabetes": Sample(diabetes, "progression", "how far the illness is after a year, a number"),
    "moons": Sample(moons, "moon", "two half circles in the plane, made here"),
    "reviews": Sample(reviews, "stars", "short texts with category, number and date, made here"),
    "houses": Sample(houses, "price", "prices with steps and interactions, a number, made here"),
}
