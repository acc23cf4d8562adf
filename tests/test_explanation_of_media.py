"""Pictures, sounds and any other kind are explained through the same contract as cells."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

import pellucid
from pellucid.errors import Mends
from pellucid.explanation.attribution import attribute
from pellucid.explanation.rows import located
from pellucid.media.files import ANYWHERE
from pellucid.model import Model
from sounding import small_plan, tone, write_sound

ROWS = 24


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Grey pictures whose upper left corner is bright or dark."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    names = []
    for number in range(ROWS):
        pixels = rng.integers(90, 150, (24, 24), np.uint8)
        pixels[:8, :8] = 250 if number % 2 else 5
        names.append(str(folder / f"{number}.png"))
        Image.fromarray(pixels).save(names[-1])
    return pl.DataFrame(
        {"picture": names, "corner": ["bright" if n % 2 else "dark" for n in range(ROWS)]}
    )


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("sounds")
    names = [
        write_sound(folder / f"{n}.wav", tone(300 if n % 2 else 1_500, 0.3)) for n in range(ROWS)
    ]
    return pl.DataFrame(
        {"sound": names, "pitch": ["low" if n % 2 else "high" for n in range(ROWS)]}
    )


def learnt(source: pl.DataFrame, target: str) -> Model:
    return pellucid.learn(source, target, minutes=0.3, verbose=False, plan=small_plan())


@pytest.mark.parametrize(("what", "target"), [("pictures", "corner"), ("sounds", "pitch")])
def test_the_answer_for_a_medium_is_worked_like_any_other(
    what: str, target: str, request: pytest.FixtureRequest
) -> None:
    source = request.getfixturevalue(what)
    model = learnt(source, target)
    found = model.explain(source[3])
    assert found.differences["float32"] < 1e-3
    assert found.differences["autograd"] < 1e-9
    assert {"conv2d", "baddbmm"} <= {operation.operation for operation in found.operations}
    assert found.step.steps[-1].rule.startswith("What the answer rests on")


def test_the_field_that_decides_has_the_largest_share(pictures: pl.DataFrame) -> None:
    model = learnt(pictures, "corner")
    schema = model.schema
    cells = located(schema, schema.complete(pictures[3], Mends()), ANYWHERE)
    found = attribute(schema, model.network, cells)
    assert found is not None
    (column,) = found.columns
    assert column.parts.shape == (6, 6)
    shares = np.abs(found.gradients.reshape(6, 6))
    corner, rest = shares[:2, :2].sum(), shares[2:, 2:].sum()
    assert corner > rest
    assert abs(found.gap) < 0.2 * max(1.0, shares.sum())
