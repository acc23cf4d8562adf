"""The README's code runs as it stands there, only with less time to learn."""

from __future__ import annotations

import re
import shlex
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from pellucid.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
ROWS = {"reviews": 120, "sales": 120, "visits": 120, "march": 40, "new": 20, "april": 40}
SECONDS = 2  # for each model instead of the README's


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


PYTHON = [re.sub(r"minutes=[\d.]+", f"minutes={SECONDS / 60}", block) for block in blocks("python")]
SHELL = [
    line.split("#")[0].strip()
    for block in blocks("")
    for line in block.splitlines()
    if line.startswith("pellucid ")
]


def test_there_is_code_to_run():
    assert len(PYTHON) >= 2
    assert len(SHELL) >= 8


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_the_python_runs(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out


def write_tables(folder):
    """A table under every name that the README gives one, with every column that it names."""
    rng = np.random.default_rng(0)
    for name, rows in ROWS.items():
        stars = rng.integers(1, 4, rows)
        start = date(2024, 1, 1)
        frame = pl.DataFrame(
            {
                "size": rng.normal(size=rows) + stars,
                "zip": rng.choice(["01067", "10115"], rows),
                "patient": [f"patient {i % 30}" for i in range(rows)],
                "sold": [str(start + timedelta(days=3 * i)) for i in range(rows)],
                "id": [f"{i:08x}" for i in range(rows)],
                "price": (10 * stars + rng.normal(size=rows)).round(2),
                "outcome": np.where(stars > 2, "good", "poor"),
                "stars": stars,
            }
        )
        frame.write_csv(folder / f"{name}.csv")
    days = [date(2024, 1, 1) + timedelta(days=i) for i in range(200)]
    weeks = 50 + 20 * np.sin(2 * np.pi * np.arange(200) / 7)
    shops = [
        pl.DataFrame({"shop": shop, "day": days, "sold": weeks + rng.normal(size=200)})
        for shop in ("north", "south")
    ]
    pl.concat(shops).write_csv(folder / "demand.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    write_tables(folder)
    return folder


@pytest.mark.parametrize("line", SHELL)
def test_the_shell_lines_run_in_their_order(line, folder, monkeypatch):
    monkeypatch.chdir(folder)
    words = shlex.split(line)[1:]
    if "--minutes" in words:
        words[words.index("--minutes") + 1] = str(SECONDS / 60)
    elif words[0] == "learn":
        words += ["--minutes", str(SECONDS / 60)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, f"{line}: {result.output}"
    if words[0] == "predict":
        assert pl.read_csv(folder / words[-1]).height == ROWS["new"]
    else:
        assert result.output.strip()
    if words[0] == "reproduce":
        assert result.output.startswith("reproduced: ")
