"""The lecture's claims: computed anew by the lessons, with the verdict that the numbers give."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pellucid.working import lesson
from pellucid.working.agreement import difference
from pellucid.working.lessons.lecture import Claim, claims, recomputed
from pellucid.working.printing.blocks import columns

VERDICTS = {"right", "cut off", "wrong", "imprecise", "incomplete"}


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.short)
def test_the_computed_value_is_the_lessons_own(claim: Claim) -> None:
    assert difference(recomputed(claim), claim.computed) <= 1e-9


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.short)
def test_the_verdict_follows_from_the_numbers(claim: Claim) -> None:
    assert claim.verdict in VERDICTS
    agrees = claim.claimed is not None and difference(claim.claimed, claim.computed) <= 1e-9
    assert (claim.verdict == "right") == agrees
    assert bool(claim.correction) == (claim.verdict != "right")


def test_every_claim_of_the_lecture_is_there() -> None:
    by_name = {claim.short: claim for claim in claims()}
    assert by_name["det [[2,3],[4,5]]"].computed == -2
    assert by_name["eigenvalues of [[1,2],[3,0]]"].computed == (3, -2)
    assert by_name["eigenvalue of (1, 1)"].computed == 3
    assert by_name["eigenvalue of (−2, −2)"].computed == 3
    assert by_name["eigenvalue of (2, −3)"].computed == -2
    assert by_name["d(2x)/dx"].computed == 2
    assert by_name["x after step 1"].computed == Fraction("4.8")
    assert by_name["y after step 1"].computed == Fraction("23.04")
    assert by_name["y after step 2"].computed == Fraction("14.7456")
    assert by_name["y after step 2"].verdict == "cut off"
    assert by_name["x after step 3"].computed == Fraction("3.072")
    assert by_name["ReLU(−3)"].computed == 0 and by_name["ReLU(−3)"].verdict == "wrong"
    assert by_name["range of ReLU"].computed == (0, float("inf"))


def test_the_lesson_prints_the_table_within_80_columns() -> None:
    text = lesson("lecture").text()
    assert "claimed" in text and "verdict" in text and "14.7456" in text
    assert max(map(columns, text.splitlines())) <= 80


def test_a_changed_number_in_the_lecture_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from pellucid.working import CheckFailed
    from pellucid.working.lessons import lecture

    changed = (replace(claims()[0], computed=-3),)
    monkeypatch.setattr(lecture, "claims", lambda: changed)
    with pytest.raises(CheckFailed):
        lesson("lecture")
