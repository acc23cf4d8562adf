"""A step of working: what it refuses, how it is written, printed and read back."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from pellucid.errors import DataError, PellucidError, UsageError
from pellucid.working import (
    Check,
    CheckFailed,
    NumberTable,
    Step,
    agreeing,
    for_stream,
    lesson,
    render,
)
from pellucid.working.agreement import Samples, difference
from pellucid.working.formula import Symbol, call, minus, over, plus, power, symbols, times
from pellucid.working.picture import Path, Picture


def small(**changes: object) -> Step:
    """Two plus three."""
    step = Step(
        rule="Addition",
        given={"a": 2},
        of=Symbol("s"),
        working=(plus("a", 3),),
        result=5,
        check=Check("counting on", 5),
        reason="Sums are counted.",
    )
    return replace(step, **changes)  # type: ignore[arg-type]


def test_a_step_whose_two_ways_disagree_cannot_be_made() -> None:
    with pytest.raises(CheckFailed, match=r"Addition.*counting on.*differ by"):
        small(check=Check("counting on", 6))


def test_a_step_whose_result_is_tampered_with_cannot_be_made() -> None:
    with pytest.raises(CheckFailed):
        small(result=6)


def test_a_displayed_form_must_have_the_value_of_the_result() -> None:
    with pytest.raises(CheckFailed, match="displayed form"):
        small(working=(plus("a", 4),))


def test_a_failed_check_is_an_error_of_this_package() -> None:
    assert issubclass(CheckFailed, PellucidError)


def test_exact_values_must_be_equal_and_not_only_close() -> None:
    third = Fraction(1, 3)
    with pytest.raises(CheckFailed):
        Step("Third", {}, third, Check("again", third + Fraction(1, 10**30)))
    assert Step("Third", {}, 1 / 3, Check("again", 1 / 3 + 1e-16)).difference < 1e-15


def test_nan_agrees_with_nothing() -> None:
    with pytest.raises(CheckFailed):
        Step("Nothing", {}, float("nan"), Check("again", float("nan")))


def test_arrays_of_different_length_never_agree() -> None:
    assert difference((1, 2), (1, 2, 3)) == float("inf")


def test_formulas_agree_when_they_are_equal_as_functions() -> None:
    square = power(plus("x", 1), 2)
    opened = plus(power("x", 2), times(2, "x"), 1)
    assert difference(square, opened) == 0
    assert difference(square, plus(opened, power(10, -3))) == float("inf")


def test_samples_agree_with_a_formula_through_their_points() -> None:
    samples = Samples(((("x", 2),), (("x", 3),)), (4, 9))
    assert difference(power("x", 2), samples) == 0
    assert difference(times(2, "x"), samples) > 0.1


def test_a_step_written_as_json_reads_back_equal() -> None:
    step = small(
        steps=(small(result=Fraction(5, 1)),),
        table=NumberTable("t", ("k", Symbol("x_1")), ((1, Fraction(1, 3)), (2, float("inf")))),
        picture=Picture("p", "d", (Path("line", ((0.0, 1.0), (2.0, 3.0)), dots=True),)),
        given={"a": 2, "z": (1j, "text", None, True, power("x", 2))},
    )
    assert Step.from_json(step.json()) == step


def test_json_holds_no_nan_and_is_plain() -> None:
    step = lesson("derivative", "log(x)", at=1)
    assert "NaN" not in step.json()
    assert json.loads(step.json())["format"] == "pellucid step 1"


def test_reading_makes_every_check_again() -> None:
    written = json.loads(small().json())
    written["step"]["result"] = 7
    with pytest.raises(CheckFailed):
        Step.from_json(json.dumps(written))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "pellucid step 1", "step": {}}'])
def test_what_is_not_a_step_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="step"):
        Step.from_json(text)


def test_finding_a_step_by_its_rule_or_its_left_side() -> None:
    step = small(steps=(replace(small(), rule="Inner", of=Symbol("t")),))
    assert step.find("Inner") is step.find("t")
    with pytest.raises(UsageError, match="No step"):
        step.find("nowhere")


def test_walking_visits_every_step_once() -> None:
    step = small(steps=(small(), small(steps=(small(),))))
    assert len(list(step.walk())) == 4


def test_numpy_arrays_become_plain_values() -> None:
    numpy = pytest.importorskip("numpy")
    step = Step("Array", {}, numpy.array([[1.5, 2.0]]), Check("again", ((1.5, 2.0),)))
    assert step.result == ((1.5, 2.0),)


def test_the_working_shows_each_form_on_its_line() -> None:
    assert "s = a + 3\n" in small().text()
    assert "     = 5\n" in small().text()
    assert "second way: counting on; equal" in small().text()


def test_ascii_text_is_ascii_and_unicode_text_is_not() -> None:
    step = lesson("eigenvalues")
    assert step.text(ascii=True).isascii()
    assert "lambda" in step.text(ascii=True)
    assert "λ" in step.text() and "⎡" in step.text()


def test_colour_is_used_only_when_asked() -> None:
    assert "\x1b[" not in small().text()
    colored = small().text(color=True)
    assert "\x1b[32m" in colored
    for code in ("1;36", "1", "2", "32", "0"):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored == small().text()


def test_a_long_sum_is_broken_within_the_width() -> None:
    values = tuple(range(100, 160))
    step = Step("Long", {}, sum(values), Check("again", sum(values)), working=(plus(*values),))
    for width in (40, 80, 120):
        assert max(map(len, step.text(width=width).splitlines())) <= width


def test_a_long_array_is_shortened_and_says_so() -> None:
    values = tuple(range(100))
    text = Step("Many", {"x": values}, values, Check("again", values)).text()
    assert "⋯" in text and "shortened" in text and "50" not in text


def test_rounding_is_named_once_and_only_where_digits_are_left_out() -> None:
    rounded = Step("Third", {}, 1 / 3, Check("again", 1 / 3)).text()
    assert " ".join(rounded.split()).count("significant digits") == 1 and "0.333333" in rounded
    assert "significant" not in Step("Half", {}, 0.5, Check("again", 0.5)).text()


def test_fractions_stay_fractions_unless_decimals_are_asked_for() -> None:
    step = Step("F", {}, Fraction(24, 5), Check("again", Fraction(24, 5)))
    assert "24/5" in step.text()
    assert "4.8" in replace(step, decimal=True).text()


def test_a_reason_is_told_once_on_a_page() -> None:
    step = small(steps=(small(), small()))
    for form in ("text", "markdown", "latex", "html"):
        assert render(step, form).count("Sums are counted") == 1, form


def test_markdown_has_headings_and_formulas() -> None:
    text = lesson("determinant").markdown()
    assert text.startswith("## Determinant of a 2 × 2 matrix")
    assert "\\begin{bmatrix}2 & 3 \\\\ 4 & 5\\end{bmatrix}" in text
    assert "### 1 By the 2 × 2 formula" in text


def test_latex_is_a_whole_document_without_unicode_mathematics() -> None:
    text = lesson("eigenvalues").latex()
    assert text.startswith("\\documentclass") and text.rstrip().endswith("\\end{document}")
    assert not set(text) & set("λ−·√²₁")
    assert text.count("\\begin{align*}") == text.count("\\end{align*}") > 5


def page(name: str) -> str:
    return lesson(name).html()


@pytest.mark.parametrize("name", ["determinant", "descent", "attention", "lecture"])
def test_html_needs_no_script_no_font_and_no_network(name: str) -> None:
    text = page(name).replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    for forbidden in ("<script", "@font-face", "http:", "https:", "@import", "url(//", "<link"):
        assert forbidden not in text


def test_html_formulas_are_well_formed_mathml_with_latex_beside() -> None:
    text = page("eigenvalues")
    formulas = [part.split("</math>")[0] for part in text.split("<math")[1:]]
    assert len(formulas) > 10
    for inside in formulas:
        tree = ElementTree.fromstring(f"<math{inside}</math>")
        note = tree.find(".//annotation")
        assert note is not None and note.get("encoding") == "application/x-tex" and note.text


def test_html_is_accessible() -> None:
    text = page("descent")
    assert '<html lang="en">' in text and '<meta name="viewport"' in text
    assert '<svg role="img" aria-labelledby=' in text and "<desc" in text
    assert '<th scope="col">' in text and "<h1>" in text and "<h2>" in text


def test_a_notebook_shows_the_fragment() -> None:
    assert small()._repr_html_().startswith("<style>")
    assert "<!doctype" not in small()._repr_html_()


def test_text_from_a_user_is_escaped_in_html() -> None:
    step = Step("<b>", {"x": "<i>"}, "<u>", Check("<s>", "<u>"), reason="<a href=x>")
    for tag in ("<b>", "<i>", "<u>", "<s>", "<a href"):
        assert tag not in step.html()


def test_another_sources_number_may_be_laid_beside_a_step() -> None:
    step = agreeing(small(shown=0), 5.0000001, "The network", 1e-6)
    assert "The network got the same" in step.text()
    assert 0 < step.steps[0].difference < 1e-6
    with pytest.raises(CheckFailed, match="The network got the same"):
        agreeing(small(), 5.1, "The network", 1e-6)


class Terminal(io.StringIO):
    """A stream that says what it is."""

    def __init__(self, encoding: str, is_terminal: bool) -> None:
        super().__init__()
        self.name_of_encoding, self.is_terminal = encoding, is_terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.name_of_encoding

    def isatty(self) -> bool:
        return self.is_terminal


def test_the_text_fits_the_stream_it_goes_to() -> None:
    assert for_stream(small(), Terminal("utf-8", False)) == small().text()
    assert "\x1b[" in for_stream(small(), Terminal("utf-8", True))
    assert for_stream(lesson("determinant"), Terminal("cp1252", False)).isascii()


def test_an_unknown_format_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="choose one of text, markdown, latex, html, json"):
        render(small(), "pdf")


def test_symbols_and_quotients_print_in_one_line_for_messages() -> None:
    form = over(minus("x", 1), times(2, "y_1"))
    assert str(symbols(form)) == "('x', 'y_1')"
    with pytest.raises(CheckFailed, match=r"\(x − 1\)/\(2y₁\)"):
        Step("R", {}, form, Check("w", 1))


def test_functions_print_in_the_way_of_mathematics() -> None:
    step = Step("e", {}, call("exp", 0), Check("one", 1))
    assert "exp(0)" in step.text() and "{e}^{0}" in step.latex()


def test_the_working_imports_neither_torch_nor_sympy_nor_numpy() -> None:
    code = (
        "import sys, pellucid.working as w; w.lesson('determinant').html(); "
        "w.lesson('derivative').text(); w.lesson('descent').json(); "
        "print([m for m in ('torch', 'sympy', 'numpy', 'sklearn') if m in sys.modules])"
    )
    run = [sys.executable, "-c", code]
    found = subprocess.run(run, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
