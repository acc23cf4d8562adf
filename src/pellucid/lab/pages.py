"""A chapter as a page: its text in the frame that all share, with the lecture's claims judged."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from typing import Any

import jinja2
from markupsafe import Markup

from pellucid.lab.applications import APPLICATIONS
from pellucid.lab.chapters import CHAPTERS, Chapter
from pellucid.lab.uploads import ENDINGS
from pellucid.working.lessons.lecture import claims


def home(context: dict[str, Any]) -> str:
    """The first page."""
    return _environment().get_template("home.html").render(_shared(None) | context)


def chapter_page(chapter: Chapter, context: dict[str, Any]) -> str:
    """One chapter with its neighbours."""
    place = CHAPTERS.index(chapter)
    judged = [claim for claim in claims() if claim.chapter in chapter.lecture]
    values = {
        "number": place + 1,
        "before": CHAPTERS[place - 1] if place else None,
        "after": CHAPTERS[place + 1] if place + 1 < len(CHAPTERS) else None,
        "claims": judged,
    }
    page = _environment().get_template(f"{chapter.slug}.html")
    return page.render(_shared(chapter) | values | context)


def _shared(chapter: Chapter | None) -> dict[str, Any]:
    return {
        "chapters": CHAPTERS,
        "chapter": chapter,
        "figure": figure,
        "sets": sets,
        "applications": [each._asdict() for each in APPLICATIONS],
        "endings": ",".join(ENDINGS),
    }


def figure(module: str, title: str, **state: Any) -> Markup:
    """The place of a figure: `assets/figures/MODULE.js` draws it from its state."""
    start = escape(json.dumps(state))
    return Markup(
        f'<section class="figure" data-figure="{escape(module)}" data-state="{start}" '
        f'aria-label="{escape(title)}"><h2 class="title">{escape(title)}</h2>'
        '<p class="quiet">The figure needs JavaScript.</p></section>'
    )


def sets(
    words: str, module: str, seconds: float = 0, begin: dict[str, Any] | None = None, **state: Any
) -> Markup:
    """Words of the text that set the next figure of a module, at once or as a movement.

    A movement goes from where the figure is, or from `begin`.
    """
    moves = f' data-seconds="{seconds}" data-begin="{escape(json.dumps(begin or {}))}"'
    return Markup(
        f'<button type="button" class="sets" data-of="{escape(module)}"{moves if seconds else ""} '
        f'data-set="{escape(json.dumps(state))}">{escape(words)}</button>'
    )


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("pellucid.lab", "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
