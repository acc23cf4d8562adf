"""A step of working: what is given, the rule, the result, and the second way that agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pellucid.errors import PellucidError, UsageError
from pellucid.working.agreement import Samples, Value, difference
from pellucid.working.arithmetic import simplest
from pellucid.working.formula import Formula, substitute, symbols
from pellucid.working.formula import formula as as_formula
from pellucid.working.picture import Picture, Tinted

FLOAT_TOLERANCE = 1e-9  # relative; exact values must be equal


class CheckFailed(PellucidError):  # noqa: N818 - says what happened
    """Two ways of computing one result disagree: a fault in the working, never shown as a step."""


@dataclass(frozen=True)
class Check:
    """The result once more, computed in an independent way."""

    way: str  # "elimination", "complex step", "numpy.linalg.eigvals"
    value: Value
    tolerance: float = FLOAT_TOLERANCE


@dataclass(frozen=True)
class NumberTable:
    """Rows of values under headings."""

    title: str
    headings: tuple[str | Formula, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Step:
    """One rule applied: `of = working = ... = result`, checked when it is made."""

    rule: str  # "Product rule", "Row 2 - 2 * row 1"
    given: Mapping[str, Value]
    result: Value
    check: Check
    reason: str = ""  # why the rule holds or is used
    of: Formula | None = None  # what the result is called: det A, x_1
    working: tuple[Formula, ...] = ()  # the forms between; each one must have the result's value
    steps: tuple[Step, ...] = ()  # the finer working
    shown: int | None = None  # how many finer steps a printer shows; the rest stay in the data
    table: NumberTable | None = None
    picture: Picture | Tinted | None = None
    decimal: bool = False  # write 4.8 for 24/5, here and below
    difference: float = field(init=False, compare=False, default=0.0)  # between the two ways

    def __post_init__(self) -> None:
        """Bring the values to plain data, then compare every form with the result."""
        object.__setattr__(self, "given", {k: plain(v) for k, v in self.given.items()})
        object.__setattr__(self, "result", plain(self.result))
        object.__setattr__(self, "check", replace(self.check, value=plain(self.check.value)))
        gap = difference(self.result, self.check.value)
        if not gap <= self.check.tolerance:
            raise CheckFailed(
                f"{self.rule}: the result {brief(self.result)} and the check by {self.check.way}, "
                f"{brief(self.check.value)}, differ by {gap:.3g}. This is a fault in the working; "
                "please report it with the input."
            )
        object.__setattr__(self, "difference", gap)
        for form in self.working:
            self._compare(form)

    def _compare(self, form: Formula) -> None:
        """Evaluate a displayed form with the given numbers; it must give the result."""
        gap = difference(_insert(form, self.given), cast(Value, _insert(self.result, self.given)))
        if not gap <= max(self.check.tolerance, FLOAT_TOLERANCE):
            raise CheckFailed(
                f"{self.rule}: the displayed form {brief(form)} does not have the value "
                f"{brief(self.result)} (difference {gap:.3g}). This is a fault in the working; "
                "please report it with the input."
            )

    def walk(self) -> Iterator[Step]:
        """Give this step and all finer ones."""
        yield self
        for step in self.steps:
            yield from step.walk()

    def find(self, name: str) -> Step:
        """The first step whose rule or left side is called `name`."""
        for step in self.walk():
            if name in (step.rule, getattr(step.of, "name", None)):
                return step
        raise UsageError(f"No step is called {name!r}.")

    def text(self, width: int = 80, ascii: bool = False, color: bool = False) -> str:
        """Print for a terminal."""
        from pellucid.working.printing import render

        return render(self, "text", width=width, ascii=ascii, color=color)

    def markdown(self) -> str:
        """Print as Markdown with LaTeX formulas."""
        from pellucid.working.printing import render

        return render(self, "markdown")

    def latex(self) -> str:
        """Print as a LaTeX document."""
        from pellucid.working.printing import render

        return render(self, "latex")

    def html(self) -> str:
        """Print as one HTML page with native MathML."""
        from pellucid.working.printing import render

        return render(self, "html")

    def json(self) -> str:
        """Write as JSON that `Step.from_json` reads back."""
        from pellucid.working.printing import render

        return render(self, "json")

    @staticmethod
    def from_json(text: str) -> Step:
        """Read a step back; every check is made again."""
        from pellucid.working.printing.json import read_step

        return read_step(text)

    def _repr_html_(self) -> str:
        """Show in a notebook."""
        from pellucid.working.printing.html import fragment

        return fragment(self)

    def __str__(self) -> str:
        return self.text()


def agreeing(step: Step, computed: Value, source: str, tolerance: float) -> Step:
    """The step with a first finer step that says how well another source's number agrees.

    This is how a lesson is given a network's own numbers: the lesson computes its result, and the
    network's must agree with it within `tolerance`.
    """
    proof = Step(
        rule=f"{source} got the same",
        given={},
        of=step.of,
        result=computed,
        check=Check("the working of this step", step.result, tolerance),
    )
    shown = None if step.shown is None else step.shown + 1
    return replace(step, steps=(proof, *step.steps), shown=shown)


def plain(value: Any) -> Value:
    """Turn lists, numpy arrays and tensors into nested tuples of Python numbers."""
    if isinstance(value, (Formula, Samples, str)):
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    return cast(Value, simplest(value))


def brief(value: Value, length: int = 120) -> str:
    """A value in one line for a message, cut when long."""
    if isinstance(value, Formula):
        from pellucid.working.printing.linear import one_line

        text = one_line(value)
    else:
        text = str(value)
    return text if len(text) <= length else text[: length - 2] + " …"


def computed(way: str, compute: Callable[[], Value], tolerance: float = FLOAT_TOLERANCE) -> Check:
    """A check whose value is computed now."""
    return Check(way, compute(), tolerance)


def _insert(value: Any, given: Mapping[str, Value]) -> Any:
    """Put the given values in the place of a formula's symbols."""
    if isinstance(value, tuple):
        return tuple(_insert(item, given) for item in value)
    if not isinstance(value, Formula):
        return value
    known = {
        name: as_formula(cast(Any, given[name]))
        for name in symbols(value)
        if name in given and not isinstance(given[name], (str, Samples, type(None)))
    }
    return substitute(value, known)
