"""Made-up evidence of many sorts of runs, for the tests of reports and model cards."""

from __future__ import annotations

import math

import numpy as np

from pellucid.evidence.document import (
    Baseline,
    Confusion,
    Data,
    Document,
    Layer,
    Moment,
    Target,
)
from pellucid.kinds.calibration import Calibration

ARTICLE = (
    "I had been looking forward to this for months, and the first evening did not disappoint. "
    "The sound is warm, the build is solid, and setting it up took no more than ten minutes. "
    "Then the second week came: the left channel began to crackle, the remote lost its pairing "
    "twice a day, and the maker's support answered every letter with the same paragraph. I still "
    "want to like it. My daughter does. But for this price I expect a thing that works on the "
    "thirtieth day as it did on the first, and this one does not. Two stars for the sound alone."
)


def reviews() -> Document:
    """Five levels from text and a table: learned, and better than the conventional way."""
    target = category("stars", ["1", "2", "3", "4", "5"], accuracy=0.871, baseline=0.849)
    target["reason"] = "it holds 5 whole numbers"
    data = _data("reviews.csv", 48213, {"learn": 33749, "choose": 7232, "prove": 7232})
    data["mends"] = [
        {"fault": "fewer fields than the header", "action": "row skipped", "count": 3,
         "column": None, "where": ["line 17", "line 902", "line 40118"]},
        {"fault": "not a number", "action": "taken as missing", "count": 41, "column": "price",
         "where": ["line 88: 'n/a'", "line 131: 'free'", "line 2044: '-'"]},
    ]  # fmt: skip
    data["ignored"] = [{"column": "review_id", "reason": "an id: every value differs"}]
    data["warnings"] = [
        "812 brands were seen, 190 of them once: unseen brands at prediction are taken as unknown."
    ]
    data["split"]["how"] = "rows of one “user” kept together"
    for point in target["curve"]:  # of smaller networks, which end a little lower
        point.update(
            value=point["value"] - 0.011, low=point["low"] - 0.011, high=point["high"] - 0.011
        )
    return document("reviews", data, {"stars": target})


def two_classes() -> Document:
    """Two levels, one of them rare."""
    target = category("churned", ["no", "yes"], accuracy=0.913, baseline=0.905, rows=900)
    target["verdict"]["beats_baseline"] = None
    target["gap"] = {"value": 0.008, "low": -0.006, "high": 0.021}
    target["verdict"]["sentences"][1] = (
        "It is as good as the conventional way (gradient boosting, 90.5 %): "
        "0.8 points better, but the interval (−0.6 to 2.1) holds zero."
    )
    return document("churn", _data("churn.parquet", 6000), {"churned": target})


def ten_classes() -> Document:
    """Ten digits from 64 numbers."""
    target = category("digit", list("0123456789"), accuracy=0.978, baseline=0.972, rows=360)
    return document("digits", _data("sample:digits", 1797, columns=64), {"digit": target})


def many_classes(levels: int = 150) -> Document:
    """More levels than a matrix can show."""
    first = ["transfer", "balance", "card", "loan", "travel", "weather", "alarm", "timer", "music"]
    second = ["status", "freeze", "limit", "rate", "request", "update", "cancel", "history"]
    names = [f"{a}_{b}_{i}" for i in range(levels) for a, b in [(first[i % 9], second[i // 9 % 8])]]
    target = category("intent", names, accuracy=0.902, baseline=0.894, rows=levels * 30)
    return document("intents", _data("intents.jsonl", 22500, columns=1), {"intent": target})


def a_number() -> Document:
    """A price with heavy tails and its intervals."""
    return document("diamonds", _data("diamonds.csv", 53940), {"price": number("price", "US$")})


def two_targets() -> Document:
    """A category and a number from one network."""
    targets = {
        "adopted": category("adopted", ["no", "yes"], accuracy=0.742, baseline=0.735, rows=1700),
        "days until adoption": number("days until adoption", "days"),
    }
    return document("pets", _data("pets.csv", 11537), targets)


def nothing_learned() -> Document:
    """A coin's next side."""
    target = category("side", ["heads", "tails"], accuracy=0.497, baseline=0.503, rows=600)
    target["verdict"] = {
        "learned": False,
        "beats_baseline": None,
        "sentences": [
            "It learned nothing: accuracy 49.7 % (45.6 to 53.8) on 600 rows it never saw, no "
            "better than always answering “heads” (50.5 %).",
            "The conventional way found nothing either (50.3 %).",
            "More rows of these columns will not help; other columns or better labels might.",
        ],
    }
    target["doubled"] = None
    for column in target["importance"]:
        column.update(value=0.001, low=-0.004, high=0.006)
    return document("coin", _data("coin.csv", 4000, columns=6), {"side": target})


def baseline_wins() -> Document:
    """Trees beat the network on a stepped table."""
    target = category("grade", ["low", "middle", "high"], accuracy=0.812, baseline=0.836, rows=1500)
    return document("steps", _data("steps.csv", 10000), {"grade": target})


def tiny() -> Document:
    """Thirty rows, one point of a curve, no baseline, hardly any evidence."""
    target = category("sort", ["a", "b"], accuracy=0.7, baseline=0.7, rows=6)
    target.update(baselines=[], baseline=None, gap=None, doubled=None, importance=[], mistakes=[])
    target["curve"] = [{"rows": 20, "value": 0.7, "low": 0.35, "high": 0.93}]
    target["calibration"] = None
    target["verdict"]["sentences"] = [
        "It may have learned: accuracy 70.0 % (35.0 to 93.0) on 6 rows it never saw.",
        "Thirty rows are too few to compare it with anything.",
    ]
    data = _data("tiny.csv", 30, {"learn": 20, "choose": 4, "prove": 6}, columns=2)
    return document("tiny", data, {"sort": target}, members=1)


def hostile() -> Document:
    """Names that would run, break out, or turn the line around."""
    script = "<script>alert('x')</script>"
    names = [script, '"><img src=x onerror=alert(1)>', "</svg></title></style><b>", "{{ 7 * 7 }}"]
    names += ["a\u202eb", "\ud800", "line\nbreak | pipe `tick` [link](javascript:alert(1))", "]]>"]
    target = category(script, names, accuracy=0.8, baseline=0.7, rows=400)
    target["reason"] = target["unit"] = script
    target["baselines"][0]["name"] = target["baseline"]["name"] = script
    target["simplest"]["name"] = target["performance"]["metric"] = script
    target["others"] = {script: 1.0}
    target["verdict"]["sentences"] = [script, script]
    target["mistakes"] = [
        {"row": script, "true": script, "predicted": script, "confidence": 0.9,
         "cells": {name: (name + " ") * 90 for name in names}}
    ]  # fmt: skip
    for column, name in zip(target["importance"], names, strict=False):
        column["column"] = name
    data = _data(script, 400)
    data["mends"] = [
        {"fault": script, "action": script, "count": 1, "column": script, "where": [script]}
    ]
    data["ignored"] = [{"column": name, "reason": script} for name in names]
    data["warnings"] = names
    data["columns"] = [
        {"name": name, "kind": script, "reason": script, "summary": script} for name in names
    ]
    data["split"]["how"] = data["hash"] = script
    made = document(script, data, {script: target})
    made["plan"]["network"][0]["layer"] = made["plan"]["network"][1]["type"] = script
    made["actual"]["stages"][0]["name"] = made["reproduce"]["command"] = script
    made["reproduce"]["versions"] = {script: script}
    made["reproduce"]["weights_hash"] = made["pellucid"] = script
    return made


ALL = {
    maker.__name__: maker
    for maker in (
        reviews, two_classes, ten_classes, many_classes, a_number, two_targets, nothing_learned,
        baseline_wins, tiny, hostile,
    )
}  # fmt: skip


def _deep_network(number: int) -> list[Layer]:
    name = f"deep.{number}"
    return [
        _layer(f"{name}.inputs.0.piecewise", "PiecewiseLinear", [2, 24], [2, 48, 24]),
        _layer(f"{name}.inputs.1.embedding", "Embedding", [813, 32]),
        _layer(f"{name}.scale", "EnsembleScale", [32, 1, 512]),
        _layer(f"{name}.hidden.0", "Linear", [256, 512], [256]),
        _layer(f"{name}.hidden.1", "ReLU"),
        _layer(f"{name}.hidden.3", "Linear", [256, 256], [256]),
        _layer(f"{name}.outputs.0", "EnsembleOutput", [32, 256, 5], [32, 1, 5]),
    ]


def _layer(name: str, type_name: str, *shapes: list[int]) -> Layer:
    parameters = sum(math.prod(shape) for shape in shapes) if name.startswith("deep") else 0
    return {"layer": name, "type": type_name, "shape": list(shapes), "parameters": parameters}


def category(
    name: str, levels: list[str], accuracy: float, baseline: float, rows: int = 7232
) -> Target:
    """Evidence for a category, its parts agreeing with one another as far as they must."""
    better, around = accuracy - baseline, 1.96 * (accuracy * (1 - accuracy) / rows) ** 0.5
    simplest = 0.505 if len(levels) == 2 else 1.4 / len(levels)
    beats = better > 0
    return {
        "kind": "category",
        "reason": f"it holds {len(levels)} different texts",
        "levels": levels,
        "unit": None,
        "performance": {
            "metric": "accuracy", "value": accuracy, "low": accuracy - around,
            "high": min(accuracy + around, 1.0), "rows": rows, "higher_is_better": True,
        },
        "others": {"macro F1": accuracy - 0.012, "log-loss": 0.41, "AUC": 0.962},
        "simplest": {"name": f"always “{levels[0]}”", "value": simplest},
        "baselines": [
            _baseline("TF-IDF + linear model", baseline, around, 21.4),
            _baseline("gradient boosting", baseline - 0.031, around, 48.0),
            _baseline("linear model", baseline - 0.052, around, 3.2),
        ],
        "baseline": {"name": "TF-IDF + linear model", "value": baseline},
        "gap": {"value": better, "low": better - 0.008, "high": better + 0.008},
        "curve": [
            {"rows": size, "value": accuracy - drop, "low": accuracy - drop - around - drop / 8,
             "high": accuracy - drop + around + drop / 8}
            for size, drop in ((4219, 0.071), (8437, 0.042), (16875, 0.019), (33749, 0.0))
        ],
        "doubled": {"value": 0.008, "low": 0.003, "high": 0.014},
        "calibration": _calibration(accuracy, rows),
        "confusion": _confusion(levels, accuracy, rows),
        "scatter": None,
        "importance": _importance(),
        "mistakes": [_mistake(place, levels) for place in range(8)],
        "verdict": {
            "learned": True,
            "beats_baseline": beats,
            "sentences": _sentences(accuracy, around, baseline, better, rows),
        },
    }  # fmt: skip


def _baseline(name: str, value: float, around: float, seconds: float) -> Baseline:
    low, high = value - around, value + around
    return {"name": name, "value": value, "low": low, "high": high, "seconds": seconds}


def number(name: str, unit: str) -> Target:
    """Evidence for a number with heavy tails."""
    generator = np.random.default_rng(3)
    true = np.exp(generator.normal(7.6, 1.1, 1400)).round()
    predicted = true * np.exp(generator.normal(0, 0.16, 1400))
    low, high = predicted * 0.78, predicted * 1.27
    target = category(name, ["x", "y"], accuracy=0.9, baseline=0.9)
    target.update(
        kind="number", reason="it holds 11,602 different numbers", levels=None, unit=unit,
        others={"MAE": 284.1, "R²": 0.981, "median absolute error": 121.0},
        simplest={"name": "the mean", "value": 3989.0},
        confusion=None,
        scatter=np.stack([true, predicted, low, high], axis=1).round(1).tolist(),
        calibration={"coverage": 0.887, "nominal": 0.9, "width": 1604.0},
        gap={"value": 11.0, "low": 2.0, "high": 21.0},
        baseline={"name": "gradient boosting", "value": 556.0},
        doubled={"value": 12.0, "low": 5.0, "high": 21.0},
    )  # fmt: skip
    target["performance"] = {
        "metric": "RMSE", "value": 545.0, "low": 521.0, "high": 571.0, "rows": 8091,
        "higher_is_better": False,
    }  # fmt: skip
    target["baselines"] = [
        {"name": "gradient boosting", "value": 556.0, "low": 530.0, "high": 583.0, "seconds": 19.0},
        {"name": "linear model", "value": 1143.0, "low": 1090.0, "high": 1201.0, "seconds": 1.2},
    ]
    target["curve"] = [
        {"rows": size, "value": value, "low": value - 26, "high": value + 26}
        for size, value in ((4719, 664.0), (9439, 609.0), (18879, 571.0), (37758, 545.0))
    ]
    for column in target["importance"]:
        column.update(
            value=column["value"] * 9e3, low=column["low"] * 9e3, high=column["high"] * 9e3
        )
    for place, mistake in enumerate(target["mistakes"]):
        mistake.update(true=18260.0 - 90 * place, predicted=9911.5 + 17 * place, confidence=None)
    target["verdict"] = {
        "learned": True,
        "beats_baseline": True,
        "sentences": [
            f"It learned: RMSE 545 {unit} (521 to 571) on 8,091 rows it never saw.",
            "It beats the conventional way (gradient boosting, 556) by 11 (2 to 21).",
            f"With twice the rows expect about 12 {unit} less.",
        ],
    }
    return target


def document(name: str, data: Data, targets: dict[str, Target], members: int = 4) -> Document:
    """The whole document around some targets."""
    return {
        "format": 1,
        "pellucid": "0.1.0",
        "name": name,
        "data": data,
        "targets": targets,
        "history": _history(members),
        "plan": {
            "network": [
                *_deep_network(0),
                *_deep_network(1),
                _layer("linear.0", "SparseLinear", [20480, 5], [5]),
                _layer("trees.0", "Trees", [900], [900], [60], []),
                _layer("blend.0", "ClassBlend", [3]),
            ],
            "parameters": 3195248,
            "steps": 6400,
            "seconds": 280.0,
            "megabytes": 1300.0,
        },
        "actual": {
            "seconds": 277.3,
            "megabytes": 1184.0,
            "steps": 6400,
            "schedule_changed": False,
            "settled": True,
            "stages": [
                {"name": "reading", "seconds": 3.1},
                {"name": "conventional ways", "seconds": 41.0},
                {"name": "learning", "seconds": 171.9},
                {"name": "learning curve", "seconds": 49.2},
                {"name": "judging", "seconds": 12.1},
            ],
        },
        "reproduce": {
            "command": f"pellucid reproduce {name}.pellucid {data['source']}",
            "seed": 0,
            "threads": 2,
            "versions": {"python": "3.11.7", "torch": "2.13.0", "pellucid": "0.1.0"},
            "weights_hash": "9f2c41d07be8a55e" * 4,
        },
    }


def _data(source: str, rows: int, split: dict[str, int] | None = None, columns: int = 6) -> Data:
    sizes = split or {"learn": rows * 7 // 10, "choose": rows * 3 // 20, "prove": rows * 3 // 20}
    usual = [
        ("title", "text", "its cells hold 6 words on average", "8 words, 41,220 different"),
        ("body", "text", "its cells hold 71 words on average", "74 words, 47,901 different"),
        ("price", "number", "98 % of its cells are numbers", "0.99 to 4,200, 2 % missing"),
        ("weight", "number", "all its cells are numbers", "0.01 to 64"),
        ("brand", "category", "812 texts are repeated 59 times each", "812 levels"),
        ("bought", "date", "all its cells are dates", "2019-01-02 to 2026-08-30"),
    ]
    more = [
        (f"pixel {place}", "number", "all its cells are numbers", "0 to 16")
        for place in range(columns)
    ]
    keys = ("name", "kind", "reason", "summary")
    chosen = usual[:columns] if columns <= 6 else more
    return {
        "source": source,
        "rows": rows,
        "hash": "41aa07c9e2b6d3f0" * 4,
        "mends": [],
        "ignored": [],
        "warnings": [],
        "columns": [dict(zip(keys, column, strict=True)) for column in chosen],
        "split": {**sizes, "how": ""},
    }  # type: ignore[return-value, typeddict-item]


def _sentences(
    accuracy: float, around: float, baseline: float, better: float, rows: int
) -> list[str]:
    ends = f"{100 * (accuracy - around):.1f} to {100 * (accuracy + around):.1f}"
    first = f"It learned: accuracy {100 * accuracy:.1f} % ({ends}) on {rows:,} rows it never saw."
    gap = f"{100 * abs(better):.1f} points"
    interval = f"{100 * abs(better) - 0.8:.1f} to {100 * abs(better) + 0.8:.1f}"
    way = f"TF-IDF + linear model, {100 * baseline:.1f} %"
    if better > 0:
        second = f"It beats the conventional way ({way}) by {gap} ({interval})."
        return [first, second, "With twice the rows expect about 0.8 points more."]
    return [
        f"The conventional way is better here: {way}, ahead of the network by {gap} ({interval}).",
        first,
        "With twice the rows expect about 0.8 points more. Until then, use the conventional way.",
    ]


def _calibration(accuracy: float, rows: int) -> Calibration:
    confidences = np.linspace(0.35, 0.985, 10)
    shares = np.exp(4 * confidences)
    shares = shares / shares.sum()
    bins = [
        {"confidence": float(c), "accuracy": float(np.clip(c - 0.04 * np.sin(7 * c), 0, 1)),
         "rows": int(share * rows)}
        for c, share in zip(confidences, shares, strict=True)
    ]  # fmt: skip
    return {"bins": bins, "before": 0.061, "after": 0.014}  # type: ignore[typeddict-item]


def _confusion(levels: list[str], accuracy: float, rows: int) -> Confusion:
    """Neighbouring levels are confused most, and some levels are harder than others."""
    generator = np.random.default_rng(len(levels))
    size = len(levels)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    wrong = np.exp(-1.1 * distance) * generator.exponential(1.0, (size, size))
    np.fill_diagonal(wrong, 0.0)
    right = np.clip(accuracy + generator.normal(0, 0.04, size), 0.05, 0.995)
    share = wrong / wrong.sum(axis=1, keepdims=True) * (1 - right)[:, None] + np.diag(right)
    each = rows / size
    return {"levels": levels, "counts": generator.poisson(share * each).tolist()}


def _importance() -> list[dict[str, object]]:
    columns = {"body": 0.204, "title": 0.083, "brand": 0.021, "price": 0.009, "bought": 0.001}
    lines = [
        {"column": name, "value": value, "low": value * 0.85 - 0.002, "high": value * 1.15 + 0.002}
        for name, value in columns.items()
    ]
    return [*lines, {"column": "weight", "value": -0.001, "low": -0.004, "high": 0.002}]


def _mistake(place: int, levels: list[str]) -> dict[str, object]:
    return {
        "row": f"line {171 + 913 * place}",
        "true": levels[place % len(levels)],
        "predicted": levels[(place + 1) % len(levels)],
        "confidence": 0.993 - 0.011 * place,
        "cells": {
            "title": "Lovely sound, for a week",
            "body": ARTICLE if place % 2 == 0 else "Broke. Great otherwise!",
            "price": 149.0 + place,
            "weight": None if place == 1 else 2.4,
            "brand": "Aurelia & Sons",
            "bought": "2024-11-29",
        },
    }


def _history(members: int) -> list[Moment]:
    generator = np.random.default_rng(5)
    moments = []
    for member in range(members):
        for place in range(1, 61):
            step = place * 106
            noise = generator.normal(0, 0.012, 2)
            loss = 0.32 + 1.1 * np.exp(-place / 11) + noise[0] + 0.01 * member
            metric = 0.866 - 0.35 * np.exp(-place / 9) + 0.4 * noise[1]
            moments.append(
                Moment(member=member, step=step, seconds=step * 0.026, loss=float(loss),
                       metric=float(metric) if place % 3 == 0 else None,
                       rate=0.002 * (1 - place / 61))
            )  # fmt: skip
    return moments
