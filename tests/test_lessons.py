"""Every lesson keeps the contract; what users type is read, and hostile input is refused fast."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy
import pytest

from pellucid.errors import UsageError
from pellucid.working import LESSONS, PRINTERS, Step, lesson, render
from pellucid.working.lessons import usage
from pellucid.working.parsing import parse
from pellucid.working.printing.blocks import columns
from pellucid.working.printing.linear import one_line

LISTED = (
    "scalar vector matrix tensor sum product transpose identity inverse determinant eigenvalues "
    "derivative gradient jacobian descent neuron activation layer softmax cross-entropy "
    "convolution pooling attention lstm batch-norm layer-norm backpropagation learning lecture"
).split()


def test_every_lesson_of_the_lecture_is_in_the_table() -> None:
    assert set(LISTED) == set(LESSONS)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_works_its_own_example_and_prints_in_every_form(name: str) -> None:
    step = lesson(name)
    assert Step.from_json(step.json()) == step
    assert max(map(columns, step.text().splitlines())) <= 80
    assert step.text(ascii=True).isascii()
    for form in PRINTERS:
        assert len(render(step, form)) > 200


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_says_in_one_sentence_what_it_teaches(name: str) -> None:
    assert LESSONS[name].summary.endswith(".") and 20 < len(LESSONS[name].summary) < 110
    assert LESSONS[name].work.__annotations__["return"] == "Step"


@pytest.mark.parametrize("name", LESSONS)
def test_every_step_of_a_lesson_names_its_second_way(name: str) -> None:
    for step in lesson(name).walk():
        assert step.rule and len(step.check.way) > 2


@pytest.mark.parametrize("name", LESSONS)
def test_an_unknown_option_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match="It takes") as caught:
        lesson(name, nonsense="1")
    assert usage(name) in str(caught.value)


def test_a_misspelled_lesson_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean determinant"):
        lesson("determinat")
    assert lesson("Cross_Entropy").rule == "Softmax with cross-entropy"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sin(x)**2", "sin(x)²"),
        ("x^2 + 3*x*y", "x² + 3x·y"),
        ("1/3", "1/3"),
        ("6/4", "3/2"),
        ("-2**2", "−2²"),
        ("2*-3", "2·(−3)"),
        ("ln(x)", "ln(x)"),
        ("1e-3*x", "1/1000·x"),
        ("x if x > 0 else 0", "{x if x > 0; 0 otherwise}"),
        ("max(0, x)", "max(0, x)"),
        ("λ − 1", "λ − 1"),
        ("alpha_1 * beta", "α₁·β"),
        ("W@x + b", "W·x + b"),
        ("sqrt(x)/(1 + e**(-x))", "√x/(1 + exp(−x))"),
    ],
)
def test_mathematics_is_read_as_written(text: str, shown: str) -> None:
    assert one_line(parse(text)) == shown


class Unwritable:
    """No number; named alike in every process, as names of tests must be."""

    def __repr__(self) -> str:
        return "Unwritable"


HOSTILE = [
    ("derivative", ("__import__('os')",)),
    ("derivative", ("__import__",)),
    ("derivative", ("(lambda: 1)()",)),
    ("derivative", ("x.__class__",)),
    ("derivative", ("[x for x in y]",)),
    ("derivative", ("open(x)",)),
    ("derivative", ("exec(x)",)),
    ("derivative", ("x; y",)),
    ("derivative", ("x := 3",)),
    ("derivative", ("f'{x}'",)),
    ("derivative", ("x +",)),
    ("derivative", ("",)),
    ("derivative", ("True",)),
    ("derivative", ("2x",)),
    ("derivative", ("x and y",)),
    ("derivative", ("1 < x < 2",)),
    ("derivative", ("[1, 2]",)),
    ("derivative", ("x*y",)),
    ("derivative", ("x+" * 500_000 + "x",)),
    ("derivative", ("(" * 5_000 + "x" + ")" * 5_000,)),
    ("derivative", ("-" * 5_000 + "x",)),
    ("derivative", ("sin(" * 29 + "x" + ")" * 29,)),
    ("derivative", ("x**" * 50 + "x",)),
    ("derivative", ("9**9**9",)),
    ("derivative", ("x**(10**10)",)),
    ("derivative", ("9" * 5_000,)),
    ("derivative", ("1e999999999",)),
    ("derivative", ("1/x", "0")),
    ("derivative", ("1/0",)),
    ("derivative", ("sqrt(x)", "0")),
    ("derivative", ("log(x)", "-1")),
    ("derivative", ("log(-1 - x**2)",)),
    ("derivative", ("x\x00",)),
    ("derivative", ("x", "x")),
    ("determinant", ("[[1, 2, 3], [4, 5, 6]]",)),
    ("determinant", ("[[1, 2], [3]]",)),
    ("determinant", ("[" + ",".join(["[" + ",".join("x" * 100) + "]"] * 100) + "]",)),
    ("determinant", ("[[a,b,c,d,e]] * 5",)),
    ("determinant", ([["x"] * 100] * 100,)),
    ("determinant", ([[f"x{i}{j}" for j in range(5)] for i in range(5)],)),
    ("determinant", (numpy.ones((100, 100)),)),
    ("determinant", ([[float("nan"), 1], [1, 1]],)),
    ("determinant", ([[Unwritable(), 1], [1, 1]],)),
    ("determinant", (None,)),
    ("inverse", ("[[1, 2], [2, 4]]",)),
    ("eigenvalues", ("[[a, b, c], [d, e, f], [g, h, i]]",)),
    ("eigenvalues", ("[[1, 2], [3, 4]]", "[0, 0]")),
    ("product", ("[[1, 2]]", "[[1, 2]]")),
    ("sum", ("[[1, 2]]", "[1, 2]")),
    ("tensor", ([[[[1] * 100] * 100] * 20],)),
    ("matrix", ("[1, 2]",)),
    ("gradient", ("7",)),
    ("gradient", ("norm(W@x)", None, None, "W=2x3, x=4")),
    ("gradient", ("W@x", None, None, "W=2x3, x=3")),
    ("gradient", ("norm(W@x)", None, None, "W=900x900, x=900")),
    ("jacobian", ("W@x", None, None, "nonsense")),
    ("jacobian", ("[" + ",".join(["a*b*c*d"] * 50) + "]",)),
    ("gradient", ("x*y", None, "os.system")),
    ("determinant", ("[[(a+b)**20,c,d],[a,(c+d)**20,b],[a,b,(a+d)**20]]",)),
    ("softmax", (numpy.ones(20_000),)),
    ("descent", ("x**2", "6", "1e308")),
    ("descent", ("x**2", "6", "0")),
    ("descent", ("x**2", "6", "-1")),
    ("descent", ("x**2", "1e300", "1")),
    ("descent", ("log(x)", "-1")),
    ("descent", ("x**2", "6", "0.1", "1e9")),
    ("descent", ("x**2", "6", "0.1", "10", "magic")),
    ("descent", ("x**2", "6", "0.1", "10", "adam", "beta_1=2")),
    ("descent", ("x**2", "1, 2")),
    ("descent", ("3",)),
    ("neuron", ("[1, 2]", "[1]")),
    ("neuron", ("[1e200]", "[1e200]")),
    ("layer", ("[1, 2]", "[[1]]")),
    ("activation", ("relu", "1e40")),
    ("activation", ("nonsense",)),
    ("softmax", ("[[1, 2]]",)),
    ("cross-entropy", ("[1, 2]", "3")),
    ("cross-entropy", ("[0, 10000]", "1")),
    ("cross-entropy", ("[0, 10000]", "2", "0.1")),
    ("cross-entropy", ("[0, 740]", "2", "0.1")),
    ("cross-entropy", ("[1, 2]", "1", "1")),
    ("cross-entropy", ("[1, 2]", "1", "-0.1")),
    ("convolution", ("[[1]]", "[[1, 2], [3, 4]]")),
    ("convolution", (numpy.ones((500, 500)),)),
    ("pooling", ("[[1, 2], [3, 4]]", "3")),
    ("attention", ("[[1, 2]]", "[[1]]", "[[1]]")),
    ("lstm", ("[1]", "[1, 2]", "[1]")),
    ("batch-norm", ("[[1, 2]]", "[1, 2, 3]")),
    ("batch-norm", ("[[1, 2]]", "1", "0", "0")),
    ("backpropagation", ("[1, 2]", "[[[1, 2]]]", "[1]")),
    ("backpropagation", ("[1]", "[[[1, 2]]]", "[1]", "tanh", "9,9,9")),
    ("learning", ("imagenet",)),
]


@pytest.mark.parametrize(("name", "arguments"), HOSTILE, ids=lambda part: str(part)[:40])
def test_hostile_input_is_refused_clearly_within_a_second(
    name: str, arguments: tuple[object, ...]
) -> None:
    began = time.process_time()
    with pytest.raises(UsageError) as caught:
        lesson(name, *arguments)
    assert time.process_time() - began < 1
    assert 20 < len(str(caught.value)) < 600


def test_deep_but_harmless_input_still_works() -> None:
    assert lesson("derivative", "((((((x))))))").result == parse("1")


def test_text_numbers_lists_and_arrays_mean_the_same() -> None:
    for matrix in ("[[2,3],[4,5]]", "[2,3],[4,5]", [[2, 3], [4, 5]], numpy.array([[2, 3], [4, 5]])):
        assert lesson("determinant", matrix).result == -2
    assert lesson("determinant", [[2.0, 3.0], ["4", 5.0]]).result == -2


def test_python_decimals_are_read_as_typed_and_arrays_stay_floating() -> None:
    assert lesson("neuron", [0.1], [3], 0, "none").result == Fraction(3, 10)
    assert lesson("neuron", numpy.array([0.1]), [3], 0, "none").result == 3 * 0.1


def test_exact_results_stay_exact() -> None:
    assert lesson("determinant", "[[1/3, 2], [1, 1/7]]").result == Fraction(1, 21) - 2
    assert lesson("inverse", "[[2, 3], [4, 5]]").result == (
        (Fraction(-5, 2), Fraction(3, 2)),
        (2, -1),
    )
    third = lesson("derivative", "x**3", at="1/3")
    assert third.find("At the point x = 1/3").result == Fraction(1, 3)


def test_numbers_are_shown_as_they_were_typed() -> None:
    assert "0.5" in lesson("determinant", "[[0.5, 1], [1, 1]]").text()
    assert "1/2" in lesson("determinant", "[[1/2, 1], [1, 1]]").text()


def test_a_tensor_says_what_its_axes_mean_and_finds_an_entry() -> None:
    step = lesson(
        "tensor", "[[[1,2],[3,4]],[[5,6],[7,8]]]", axes="time, row, column", index="1,0,1"
    )
    assert step.result == (2, 2, 2)
    assert step.find("position").result == 5
    assert step.find("T_1,0,1").result == 6
    assert "time" in step.text()


def test_the_rank_of_scalar_vector_and_matrix_is_0_1_and_2() -> None:
    assert [lesson(name).find("rank").result for name in ("scalar", "vector", "matrix")] == [
        0,
        1,
        2,
    ]


def test_identity_leaves_a_matrix_as_it_is() -> None:
    assert lesson("identity", "3").result == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert lesson("identity", "[[1,2],[3,4]]").find("A·I is the matrix itself").result == (
        (1, 2),
        (3, 4),
    )


def test_learning_improves_with_experience_and_beats_the_baseline() -> None:
    step = lesson("learning", "iris", seed=1)
    assert step.table is not None
    shares = [row[2] for row in step.table.rows]
    assert shares[0] < shares[-1] == step.result
    assert step.find("P_0").result < step.result
