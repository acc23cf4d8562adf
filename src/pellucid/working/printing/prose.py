"""The sentences around the formulas, the same in every printer."""

from __future__ import annotations

from pellucid.working.agreement import Samples
from pellucid.working.printing.numbers import DIGITS, Notation
from pellucid.working.step import Step


def check_sentence(step: Step) -> str:
    """Say how the result was checked and how well it agrees."""
    way = step.check.way
    if isinstance(step.check.value, Samples):
        count = len(step.check.value.points)
        way = f"{way} at {count} points" if count > 1 else f"{way} at random numbers"
    if step.difference == 0:
        return f"second way: {way}; equal"
    return f"second way: {way}; relative difference {step.difference:.0e}"


def hidden_sentence(step: Step) -> str:
    """Say how many finer steps are left out here."""
    hidden = len(step.steps) - len(visible(step))
    if not hidden:
        return ""
    kind = "step" if hidden == 1 else "steps"
    return f"… and {hidden} more {kind} of the same kind, kept in the JSON form."


def fresh_reason(step: Step, told: set[str]) -> str:
    """The reason, unless it was told before on this page."""
    if step.reason in told:
        return ""
    told.add(step.reason)
    return step.reason


def visible(step: Step) -> tuple[Step, ...]:
    """The finer steps that are shown."""
    return step.steps if step.shown is None else step.steps[: step.shown]


def footnotes(step: Step, notation: Notation) -> list[str]:
    """Say once what was checked, rounded and left out in the whole working."""
    count = sum(1 for _ in step.walk())
    every = f"All {count} results were" if count > 1 else "The result was"
    notes = [f"{every} computed in a second way, with agreement."]
    if notation.rounded:
        notes.append(
            f"Floating-point and very long numbers are shown rounded to {DIGITS} significant "
            "digits; the computation kept all of them."
        )
    if notation.shortened:
        notes.append("Long arrays and tables are shown shortened; the JSON form holds every entry.")
    return notes
