"""Every lesson on random inputs: each step's two ways must agree, whatever the numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.errors import UsageError
from pellucid.working import LESSONS, CheckFailed, Step, lesson
from pellucid.working.activations import ACTIVATIONS
from pellucid.working.lessons.descent import METHODS
from pellucid.working.printing.blocks import columns

FEW, MANY = 50, 1000

whole = st.integers(-20, 20)
numbers = st.one_of(
    whole,
    st.fractions(-10, 10, max_denominator=12),
    st.decimals(-100, 100, places=3).map(str),
    st.floats(-1e3, 1e3).map(lambda x: round(x, 6)),
)
names = st.sampled_from(["a", "b", "x", "2*x", "a + b", "1/3", "x**2"])


def vectors(size: int, entries: Any = numbers) -> Any:
    return st.lists(entries, min_size=size, max_size=size)


def matrices(rows: int, columns: int, entries: Any = numbers) -> Any:
    return st.lists(vectors(columns, entries), min_size=rows, max_size=rows)


def sized(build: Any, low: int = 1, high: int = 4) -> Any:
    """A strategy that depends on one size."""
    return st.integers(low, high).flatmap(build)


def positional(*parts: Any) -> Any:
    return st.tuples(*parts).map(lambda found: (found, {}))


def squares(entries: Any, low: int = 1, high: int = 4) -> Any:
    return sized(lambda n: positional(matrices(n, n, entries)), low, high)


def pairs(low: int = 1, high: int = 4) -> Any:
    return sized(lambda n: positional(matrices(n, 3), matrices(n, 3)), low, high)


def joined(inner: Any) -> Any:
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, st.integers(-3, 4)).map(lambda t: f"({t[0]})**({t[1]})"),
        st.tuples(
            st.sampled_from(
                ["sin", "cos", "exp", "log", "sqrt", "tanh", "relu", "abs", "gelu", "atan"]
            ),
            inner,
        ).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]} if x > 1/7 else {t[1]})"),
    )


def nested(leaves: Any) -> Any:
    """Expressions up to two operations deep."""
    once = joined(leaves)
    return st.one_of(leaves, once, joined(st.one_of(leaves, once)))


leaves = st.sampled_from(["x", "2", "1/3", "-0.5", "3*x", "x**2", "pi"])
of_x = nested(leaves).map(lambda t: f"{t} + x")
of_two = nested(st.sampled_from(["x", "y", "2", "x*y", "x**2"])).map(lambda t: f"{t} + x*y")
bowls = st.sampled_from(
    [
        "x**2",
        "x**4/10 - x**2",
        "abs(x - 1)",
        "sin(x) + x**2/20",
        "x**2 + 2*y**2",
        "(x - 1)**2 + (x*y + 1)**2/9",
        "log(1 + x**2)",
        "relu(x) + relu(-2*x)",
        "exp(x/5) + exp(-x/3)",
        "max(x**2, y**2 + 1)",
    ]
)


def descents() -> Any:
    return st.builds(
        lambda f, x, y, h, n, method: (
            (f, f"{x}, {y}" if "y" in f else str(x), str(h), n, method),
            {},
        ),
        bowls,
        st.integers(-6, 6),
        st.integers(-6, 6),
        st.sampled_from(["0.01", "1/10", "0.3", "1", "2.5"]),
        st.integers(1, 12),
        st.sampled_from(METHODS),
    )


def shaped() -> Any:
    return st.sampled_from(
        [
            ("norm(W@x - y)**2", "W=2x3, x=3, y=2"),
            ("sum(tanh(W@x))**2", "W=3x2, x=2"),
            ("x@A@x + norm(x)", "A=3x3, x=3"),
        ]
    )


def gradients() -> Any:
    plain = st.tuples(of_two).map(lambda t: (t, {}))
    by_shape = shaped().map(lambda t: ((t[0],), {"shapes": t[1]}))
    return st.one_of(plain, by_shape)


def networks() -> Any:
    def build(sizes: tuple[int, ...]) -> Any:
        layers = [
            matrices(after, before + 1, st.integers(-15, 15).map(lambda k: Fraction(k, 10)))
            for before, after in pairwise(sizes)
        ]
        return positional(
            vectors(sizes[0], whole),
            st.tuples(*layers).map(list),
            vectors(sizes[-1], whole),
            st.sampled_from(["tanh", "relu", "sigmoid", "gelu", "none"]),
        )

    return st.lists(st.integers(1, 3), min_size=2, max_size=4).map(tuple).flatmap(build)


def cells() -> Any:
    return st.tuples(st.integers(1, 3), st.integers(1, 2)).flatmap(
        lambda t: positional(
            vectors(t[0]),
            vectors(t[1]),
            vectors(t[1]),
            matrices(4 * t[1], t[0] + t[1], st.floats(-3, 3)),
            vectors(4 * t[1], st.floats(-3, 3)),
        )
    )


RANDOM: dict[str, Any] = {
    "scalar": positional(numbers),
    "vector": sized(lambda n: positional(vectors(n)), 1, 15),
    "matrix": sized(lambda n: positional(matrices(n, 3)), 1, 15),
    "tensor": sized(lambda n: positional(st.lists(matrices(2, n), min_size=3, max_size=3))),
    "sum": pairs(),
    "product": sized(lambda n: positional(matrices(2, n), matrices(n, 3))),
    "transpose": sized(lambda n: positional(matrices(n, 2, st.one_of(numbers, names)))),
    "identity": squares(st.one_of(numbers, names)),
    "inverse": st.one_of(squares(numbers), squares(names, 1, 3)),
    "determinant": st.one_of(squares(numbers, 1, 6), squares(st.one_of(whole, names), 1, 3)),
    "eigenvalues": st.one_of(
        squares(st.integers(-4, 4)), squares(numbers, 1, 3), squares(names, 2, 2)
    ),
    "derivative": st.tuples(of_x, st.none() | numbers).map(lambda t: (t, {})),
    "gradient": gradients(),
    "jacobian": st.tuples(of_two, of_two).map(lambda t: ((f"[{t[0]}, {t[1]}]",), {})),
    "descent": descents(),
    "neuron": sized(
        lambda n: positional(
            vectors(n), vectors(n), numbers, st.sampled_from(["none", *ACTIVATIONS])
        ),
        1,
        14,
    ),
    "activation": positional(st.sampled_from([*ACTIVATIONS]), numbers),
    "layer": sized(lambda n: positional(vectors(n), matrices(3, n), vectors(3))),
    "softmax": sized(lambda n: positional(vectors(n)), 1, 15),
    "cross-entropy": sized(
        lambda n: positional(vectors(n, st.floats(-20, 20)), st.just(n), st.sampled_from([0, 0.1])),
        1,
        8,
    ),
    "convolution": positional(
        matrices(4, 5), matrices(2, 2), numbers, st.integers(1, 3), st.integers(0, 2)
    ),
    "pooling": positional(
        matrices(5, 4), st.integers(1, 4), st.integers(1, 3), st.sampled_from(["max", "average"])
    ),
    "attention": sized(
        lambda n: positional(
            matrices(n, 2), matrices(n, 2), matrices(n, 3), st.sampled_from(["none", "causal"])
        )
    ),
    "lstm": cells(),
    "batch-norm": sized(lambda n: positional(matrices(n, 3), vectors(3), vectors(3)), 1, 6),
    "layer-norm": sized(lambda n: positional(matrices(2, n), vectors(n), vectors(n)), 1, 6),
    "backpropagation": networks(),
    "learning": positional(st.sampled_from(["iris", "wine"]), st.integers(0, 99)),
    "lecture": positional(),
}
COSTLY = {"learning": 5, "lecture": 1}  # they read a data set, or take no input


def run(name: str, count: int, by_chance: bool) -> tuple[int, int]:
    """Work a lesson on random inputs; count those worked and those refused."""
    worked = refused = 0

    @settings(
        max_examples=min(count, COSTLY.get(name, count)),
        deadline=None,
        database=None,
        derandomize=not by_chance,
        suppress_health_check=list(HealthCheck),
    )
    @given(RANDOM[name])
    def check(example: Any) -> None:
        nonlocal worked, refused
        arguments, options = example
        try:
            step = lesson(name, *arguments, **options)
        except UsageError:
            refused += 1
            return
        worked += 1
        assert sum(1 for _ in step.walk()) >= 1
        if len(repr(example)) % 10 == 1:  # printing is slower than working
            assert Step.from_json(step.json()) == step
            assert max(map(columns, step.text().splitlines())) <= 80
            assert step.text(ascii=True).isascii()

    check()
    return worked, refused


@pytest.mark.parametrize("name", LESSONS)
def test_no_check_fails_on_random_inputs(name: str) -> None:
    worked, refused = run(name, FEW, by_chance=False)
    assert worked > refused


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_no_check_fails_on_a_thousand_random_inputs(
    name: str, request: pytest.FixtureRequest
) -> None:
    if "slow" not in request.config.getoption("markexpr"):
        pytest.skip("a thousand inputs a lesson: run with `pytest -m slow`")
    worked, refused = run(name, MANY, by_chance=True)
    assert worked > refused


def test_a_wrong_step_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.working.slopes import SLOPES

    monkeypatch.setitem(SLOPES, "sin", SLOPES["sinh"])
    with pytest.raises(CheckFailed):
        lesson("derivative", "sin(x)")
