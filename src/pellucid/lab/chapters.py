"""The chapters in the lecture's order: one page in `pages/` each, one line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """A page of the lab; its text is `pages/SLUG.html`."""

    slug: str
    title: str
    about: str  # what one can do there, in a few words
    lecture: tuple[str, ...] = ()  # whose claims are judged at its end


CHAPTERS = (
    Chapter("linear-algebra", "Linear algebra", "Drag a matrix", ("Linear algebra",)),
    Chapter("calculus", "Calculus", "From secant to tangent", ("Calculus",)),
    Chapter("gradient-descent", "Gradient descent", "Walk downhill", ("Gradient descent",)),
    Chapter("neuron", "A neuron", "Weigh, add, answer", ("The neuron",)),
    Chapter("activation", "Activation functions", "Bend the line", ("Activation functions",)),
    Chapter("training", "Watch it learn", "Start, pause, go back"),
)
