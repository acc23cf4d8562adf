"""One iteration of gradient descent as a step: the slope, the state, the new place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pellucid.working.arithmetic import Scalar, Tensor, flat, is_exact
from pellucid.working.corners import measured_slope
from pellucid.working.evaluation import evaluate, evaluate_number
from pellucid.working.formula import Formula, Symbol, formula, substitute, symbols
from pellucid.working.muon import REASON, muon_steps
from pellucid.working.optimizers import OPTIMIZERS, State, advance_vector
from pellucid.working.step import Check, Step

TOLERANCE = 1e-9
DETAILED = 20  # iterations with their finer steps; later ones hold the update alone
LONGEST_EXACT = 300  # bits of a fraction; a longer path goes on in float64
Point = tuple[Scalar, ...]


@dataclass(frozen=True)
class Problem:
    """What is minimised, and how."""

    function: Formula
    names: tuple[str, ...]
    gradient: tuple[Formula, ...]
    method: str
    settings: Mapping[str, Scalar]
    layout: tuple[int, int]  # rows and columns of the variables, for Muon

    @property
    def reason(self) -> str:
        """Why the method works."""
        return REASON if self.method == "muon" else OPTIMIZERS[self.method].reason

    @property
    def stays_exact(self) -> bool:
        """Whether fractions stay fractions."""
        return self.method != "muon" and OPTIMIZERS[self.method].exact

    def at(self, point: Point) -> dict[str, Scalar]:
        """The point by name."""
        return dict(zip(self.names, point, strict=True))

    def height(self, point: Point) -> Scalar:
        """The function's value."""
        return evaluate_number(self.function, self.at(point))


def beginning(problem: Problem) -> State:
    """The state before the first step: zeros."""
    if problem.method == "muon":
        rows, columns = problem.layout
        return {"B": tuple((0.0,) * columns for _ in range(rows))}
    zero: Any = 0 if len(problem.names) == 1 else (0,) * len(problem.names)
    return dict.fromkeys(OPTIMIZERS[problem.method].state, zero)


def shortened(problem: Problem, point: Point) -> Point:
    """The point as it goes on: exact while the method and the length of the fractions allow it."""
    long = any(is_exact(x) and x.denominator.bit_length() > LONGEST_EXACT for x in point)  # type: ignore[union-attr]
    if problem.stays_exact and not long:
        return point
    return tuple(map(float, point))


def advance(problem: Problem, point: Point, state: State, k: int) -> tuple[Step, Point, State]:
    """Step number k: the working, the new point and the new state."""
    slope = _slope(problem, point, k)
    g = cast(Any, slope.result if len(point) > 1 else (slope.result,))
    if problem.method == "muon":
        return _by_muon(problem, point, (g, state), slope, k)
    settings = {**problem.settings, "t": k}
    single = len(point) == 1
    known = {**settings, **state, "x": point[0] if single else point, "g": slope.result}
    steps, known = assignments(problem, known, k)
    measured = tuple(slope.check.value) if not single else slope.check.value  # type: ignore[arg-type]
    again, _ = advance_vector(
        OPTIMIZERS[problem.method], point[0] if single else point, measured, state, settings
    )
    whole = Step(
        rule=f"Step {k}",
        given={_numbered(problem, k - 1): point[0] if single else point},
        of=Symbol(_numbered(problem, k)),
        result=known["x"],
        check=Check("the update in plain arithmetic", again, TOLERANCE),
        steps=(slope, *steps) if k <= DETAILED else (),
    )
    new_state = {name: known[name] for name in OPTIMIZERS[problem.method].state}
    return whole, cast(Point, (known["x"],) if single else known["x"]), new_state


def _numbered(problem: Problem, k: int) -> str:
    return f"{problem.names[0] if len(problem.names) == 1 else 'x'}_{k}"


def _slope(problem: Problem, point: Point, k: int) -> Step:
    """The gradient with the point put in."""
    inserted = {name: formula(value) for name, value in problem.at(point).items()}
    forms = tuple(substitute(part, inserted) for part in problem.gradient)
    values = tuple(evaluate_number(form) for form in forms)
    measured = tuple(
        measured_slope(problem.function, name, problem.at(point), value)
        for name, value in zip(problem.names, values, strict=True)
    )
    single = len(point) == 1
    return Step(
        rule="Slope" if single else "Gradient",
        given={},
        of=Symbol(f"g_{k}"),
        working=(forms[0] if single else formula(forms),),
        result=values[0] if single else values,
        check=Check("the complex step", measured[0] if single else measured, 1e-6),
    )


def assignments(
    problem: Problem, known: dict[str, Any], k: int
) -> tuple[list[Step], dict[str, Any]]:
    """Evaluate the method's formulas in order; each result takes its name."""
    known, steps = dict(known), []
    done: set[str] = set()
    formulas = OPTIMIZERS[problem.method].formulas
    for place, (name, form) in enumerate(formulas):
        value = evaluate(form, known)
        if k <= DETAILED:
            labels = {part: _label(problem, part, k, done) for part in known}
            given = {labels[part]: known[part] for part in _used(form, known)}
            used = substitute(form, {part: Symbol(label) for part, label in labels.items()})
            is_last = place == len(formulas) - 1
            of = _numbered(problem, k) if is_last else _label(problem, name, k, {name})
            steps.append(_assignment(Symbol(of), used, given, value))
        known[name] = value
        done.add(name)
    return steps, known


def _used(form: Formula, known: Mapping[str, Any]) -> list[str]:
    return [part for part in known if part in symbols(form)]


def _label(problem: Problem, part: str, k: int, done: set[str]) -> str:
    """x_2 for the old place, and k for what this step computes."""
    if part == "x":
        return "x_decayed" if part in done else _numbered(problem, k - 1)
    if part in ("v", "m", "s"):
        return f"{part}_{k if part in done else k - 1}"
    return f"{part}_{k}" if part in ("m_hat", "s_hat", "g") else part


RULES = {"v": "Velocity", "m": "Average of the slopes", "s": "Average of their squares"}


def _rule(name: str) -> str:
    if "decayed" in name:
        return "Weight decay"
    if "hat" in name:
        return "Correct for the start at 0"
    return RULES.get(name[0], "New place")


def _assignment(of: Symbol, form: Formula, given: Mapping[str, Any], value: Tensor) -> Step:
    numbers = substitute(form, {name: formula(item) for name, item in given.items()})
    floats = {name: _floats(item) for name, item in given.items()}
    return Step(
        rule=_rule(of.name),
        given=given,
        of=of,
        working=(form, numbers),
        result=cast(Any, value),
        check=Check("the formula in float64", cast(Any, evaluate(form, floats)), TOLERANCE),
    )


def _floats(value: Any) -> Any:
    return tuple(map(_floats, value)) if isinstance(value, tuple) else float(value)


def _by_muon(
    problem: Problem, point: Point, now: tuple[Any, State], slope: Step, k: int
) -> tuple[Step, Point, State]:
    rows, columns = problem.layout
    x, g = (_matrix(values, columns) for values in (point, now[0]))
    steps, moved, buffer = muon_steps(x, g, now[1]["B"], dict(problem.settings))
    last = steps[-1]
    whole = Step(
        rule=f"Step {k}",
        given={f"x_{k - 1}": x},
        of=Symbol(f"x_{k}"),
        result=moved,
        check=Check("the update in plain arithmetic", last.check.value, TOLERANCE),
        steps=(slope, *steps),
    )
    assert rows * columns == len(point)
    return whole, flat(moved), {"B": buffer}


def _matrix(values: Any, columns: int) -> Any:
    return tuple(
        tuple(map(float, values[start : start + columns]))
        for start in range(0, len(values), columns)
    )
