"""The notebook and the page about the working run as they stand there."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
CELLS = [
    "".join(cell["source"])
    for cell in json.loads((DOCS / "working.ipynb").read_text("utf-8"))["cells"]
    if cell["cell_type"] == "code"
]


def test_every_cell_of_the_notebook_runs_and_what_it_shows_is_mathematics() -> None:
    space: dict[str, object] = {"__name__": "notebook"}
    shown = []
    for source in CELLS:
        tree = ast.parse(source)
        last = tree.body[-1] if isinstance(tree.body[-1], ast.Expr) else None
        body = tree.body[:-1] if last is not None else tree.body
        exec(compile(ast.Module(body, []), "working.ipynb", "exec"), space)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "working.ipynb", "eval"), space)
            shown.append(value._repr_html_() if hasattr(value, "_repr_html_") else str(value))
    assert len(shown) >= 8
    assert sum("<math" in text for text in shown) >= 8


@pytest.mark.parametrize(
    "code",
    re.findall(
        r"^```python\n(.*?)^```$",
        (DOCS / "working.md").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    ),
)
def test_the_page_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "working.md", "exec"), {"__name__": "page"})
    assert "<math" in (tmp_path / "network.html").read_text("utf-8")
