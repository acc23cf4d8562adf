"""The lab's figures in a notebook: the same modules, with the working from the same lessons."""

from __future__ import annotations

from typing import Any

from pellucid.errors import PellucidError, UsageError
from pellucid.lab import answers
from pellucid.web.bundle import ASSETS, bundle, style

FIGURES = (
    "matrix",
    "secant",
    "descent",
    "neuron",
    "activation",
    "collapse",
    "experience",
    "screening",
)
ANSWERS = {"lesson": answers.worked, "function": answers.function}


def figure(name: str, **state: Any) -> Any:
    """A figure of the lab as a widget; its `state` is what it shows, in both directions.

    name: one of matrix, secant, descent, neuron, activation, collapse, experience, screening.
    state: where it begins, such as `matrix=[[1, 2], [3, 0]]`.

    Raises UsageError for a name that is none of these, and where anywidget is not installed.
    """
    if name not in FIGURES:
        raise UsageError(f"There is no figure {name!r}; there are {', '.join(FIGURES)}.")
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise UsageError(
            'Figures in notebooks need anywidget: pip install "pellucid[notebook]".'
        ) from None

    class Figure(anywidget.AnyWidget):
        """One figure."""

        _esm = source(name)
        state = traitlets.Dict().tag(sync=True)
        style = traitlets.Unicode().tag(sync=True)

    made = Figure(state=state, style=style())
    made.on_msg(lambda widget, asked, buffers: widget.send(replied(asked)))
    return made


def source(name: str) -> str:
    """The figure, the frame that all figures have, and what puts them into a notebook."""
    shown = (ASSETS / "notebook.js").read_text("utf-8").replace("FIGURE", name)
    return bundle("mount.js", f"figures/{name}.js") + shown


def replied(asked: Any) -> dict[str, Any]:
    """The answer to a figure's question, or the sentence that says what is wrong with it."""
    try:
        answer = ANSWERS[str(asked.get("what"))](asked.get("question") or {})
    except KeyError:
        answer = {"fault": f"A notebook answers {' and '.join(ANSWERS)}."}
    except PellucidError as fault:
        answer = {"fault": str(fault)}
    return {"number": asked.get("number"), "answer": answer}
