"""The public face: every name imports, nothing else is public, and importing it costs nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import pellucid

HEAVY = ("torch", "polars", "sklearn", "scipy", "numpy", "pandas", "pyarrow", "tokenizers", "sympy")
PUBLIC = {
    "DataError", "Model", "ModelError", "PellucidClassifier", "PellucidError", "PellucidRegressor",
    "Query", "UsageError", "explain", "learn", "lesson", "load", "reproduce",
}  # fmt: skip


def modules_after(code):
    """The names of the modules that a fresh interpreter holds after it ran the code."""
    ask = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_the_public_names_are_exactly_these_and_sorted():
    assert set(pellucid.__all__) == PUBLIC
    assert pellucid.__all__ == sorted(pellucid.__all__)
    assert set(dir(pellucid)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_imports_and_says_what_it_is(name):
    value = getattr(pellucid, name)
    assert value.__name__ == name
    assert value.__doc__


def test_a_star_import_brings_all_names_and_no_other():
    space: dict[str, object] = {}
    exec("from pellucid import *", space)
    assert set(space) - {"__builtins__"} == PUBLIC


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'lern'"):
        pellucid.lern  # noqa: B018


@pytest.mark.parametrize("module", ["pellucid", "pellucid.cli", "pellucid.errors"])
def test_importing_it_imports_nothing_heavy(module):
    assert not {*HEAVY} & modules_after(f"import {module}")


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nsys.argv = ['pellucid', '--help']\nfrom pellucid.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert not {*HEAVY} & modules_after(code)


@pytest.mark.parametrize("own", [{}, {"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "7"}])
def test_threads_wait_a_moment_unless_the_user_chose(own):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    names = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
    code = f"import pellucid, os; print(*map(os.environ.get, {names}))"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=environment | own,
    )  # fmt: skip
    expected = [own.get(name, "None") for name in names] if own else ["PASSIVE", "10000"]
    assert ran.stdout.split() == expected
