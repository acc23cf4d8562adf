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
    Chapter("data", "Your data", "What is in each column"),
    Chapter("learning", "What learning is", "Performance against experience", ("Learning",)),
    Chapter("features", "Where hand-made features end", "A straight cut, and its limits"),
    Chapter("deep-learning", "Deep learning", "Layer by layer, unfold a spiral", ("Layers",)),
    Chapter("linear-algebra", "Linear algebra", "Drag a matrix", ("Linear algebra",)),
    Chapter("calculus", "Calculus", "From secant to tangent", ("Calculus",)),
    Chapter("gradient-descent", "Gradient descent", "Walk downhill", ("Gradient descent",)),
    Chapter("neuron", "A neuron", "Weigh, add, answer", ("The neuron",)),
    Chapter("activation", "Activation functions", "Bend the line", ("Activation functions",)),
    Chapter("inputs", "Layers and kinds of input", "A row becomes numbers", ("Layers",)),
    Chapter("walk", "Your network, walked", "One row, every line", ("The neuron",)),
    Chapter("training", "Watch it learn", "Start, pause, go back", ("Learning",)),
    Chapter("inside", "Looking inside", "What an answer rests on"),
    Chapter("frameworks", "Frameworks", "One network, its spellings"),
    Chapter("applications", "Nine applications", "What to ask of each"),
)
