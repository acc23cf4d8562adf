"""What learning is: a task T, a measure P and experience E, measured on a bundled data set."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pellucid.working.arguments import Given, read_choice, read_count
from pellucid.working.arithmetic import divide
from pellucid.working.formula import Symbol, over
from pellucid.working.picture import Path, Picture
from pellucid.working.step import Check, NumberTable, Step

SETS = {
    "iris": "tell three kinds of iris apart by four lengths",
    "wine": "tell three growers' wines apart by thirteen chemical readings",
    "breast-cancer": "tell benign from malignant tumours by thirty readings",
    "digits": "read a handwritten digit of 8 × 8 pixels",
}
SHARES = (5, 10, 25, 50, 100)  # percent of the experience
HELD_OUT = 0.3


def learning(data: str = "digits", seed: Given = 0) -> Step:
    """A program learns when its performance P at a task T improves with experience E."""
    name = read_choice(data, "data", tuple(SETS))
    raw, labels = _read(name)
    learn, prove = _split(len(labels), read_count(seed, "seed", 0, 2**31 - 1))
    features = _scaled(raw, learn)
    scores = [_score(features, labels, learn[: _size(len(learn), s)], prove) for s in SHARES]
    rows = tuple(
        (f"{share} %", _size(len(learn), share), step.result, 100 * float(step.result))  # type: ignore[arg-type]
        for share, step in zip(SHARES, scores, strict=True)
    )
    baseline = _baseline(labels, learn, prove)
    best = scores[-1]
    return Step(
        rule="What learning is",
        given={"T": SETS[name], "P": "the share of unseen examples answered rightly"}
        | {"E": f"{len(learn)} labelled examples"},
        of=Symbol("P"),
        result=best.result,
        check=Check("scikit-learn's accuracy_score", best.check.value),
        reason="A computer program learns from experience E with respect to a task T and a measure "
        "P, if its performance at T, measured by P, improves with E (Mitchell, 1997). It must "
        f"improve on examples that it has not seen: {len(prove)} are held out here.",
        steps=(baseline, *scores),
        table=NumberTable("P against E", ("share of E", "examples", Symbol("P"), "percent"), rows),
        picture=_picture(rows, float(baseline.result)),  # type: ignore[arg-type]
    )


def _read(name: str) -> tuple[Any, Any]:
    """Features and labels."""
    from sklearn import datasets

    loader = getattr(datasets, f"load_{name.replace('-', '_')}")
    features, labels = loader(return_X_y=True)
    return features, labels


def _scaled(features: Any, learn: Any) -> Any:
    """Mean 0 and deviation 1, taken from the examples that may be learnt from."""
    spread = features[learn].std(axis=0)
    return (features - features[learn].mean(axis=0)) / (spread + (spread == 0))


def _split(count: int, seed: int) -> tuple[Any, Any]:
    import numpy

    order = numpy.random.default_rng(seed).permutation(count)
    held = round(HELD_OUT * count)
    return order[held:], order[:held]


def _size(count: int, share: int) -> int:
    return max(2, round(count * share / 100))


def _score(features: Any, labels: Any, learn: Any, prove: Any) -> Step:
    """Learn from some examples, count right answers on the held-out ones."""
    from sklearn.metrics import accuracy_score
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(n_neighbors=1).fit(features[learn], labels[learn])
    answers = model.predict(features[prove])
    right = sum(int(a == b) for a, b in zip(answers.tolist(), labels[prove].tolist(), strict=True))
    return Step(
        rule=f"P after {len(learn)} examples",
        given={},
        of=Symbol("P"),
        working=(over(right, len(prove)),),
        result=divide(right, len(prove)),
        check=Check("scikit-learn's accuracy_score", float(accuracy_score(labels[prove], answers))),
        reason="Each unseen example is answered like the nearest example that was learnt.",
    )


def _baseline(labels: Any, learn: Any, prove: Any) -> Step:
    """What one gets without learning anything from the features."""
    from sklearn.dummy import DummyClassifier

    common = Counter(labels[learn].tolist()).most_common()
    most = max(count for _, count in common)
    answer = min(label for label, count in common if count == most)
    right = labels[prove].tolist().count(answer)
    dummy = DummyClassifier(strategy="most_frequent").fit(learn.reshape(-1, 1), labels[learn])
    return Step(
        rule="Without learning: always the most frequent answer",
        given={},
        of=Symbol("P_0"),
        working=(over(right, len(prove)),),
        result=divide(right, len(prove)),
        check=Check(
            "scikit-learn's DummyClassifier",
            float(dummy.score(prove.reshape(-1, 1), labels[prove])),
        ),
        reason="Whatever is called learning must beat this.",
    )


def _picture(rows: tuple[Any, ...], baseline: float) -> Picture:
    places = tuple((float(row[1]), row[3]) for row in rows)
    level = tuple((x, 100 * baseline) for x, _ in (places[0], places[-1]))
    return Picture(
        title="Performance against experience",
        description=f"P rises from {places[0][1]:.1f} percent with {places[0][0]:.0f} examples to "
        f"{places[-1][1]:.1f} percent with {places[-1][0]:.0f}; without learning it is "
        f"{100 * baseline:.1f} percent.",
        paths=(
            Path("P on unseen examples", places, "first", dots=True),
            Path("without learning", level, "second", dashed=True),
        ),
        across="examples learnt",
        up="percent",
    )
