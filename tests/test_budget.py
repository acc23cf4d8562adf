"""How the time of a run is shared out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from pellucid.evidence import curve
from pellucid.evidence.curve import curve_plan
from pellucid.networks.layers import Encoder
from pellucid.training import budget
from pellucid.training.budget import (
    Probe,
    fit_to_time,
    for_evidence,
    for_members,
    pays_of,
    threads_that_pay,
)
from pellucid.training.draft import of_epochs
from pellucid.training.encoders import RATE, media_plan, passes, triangular
from sounding import small_plan

PLAIN = small_plan(looked_at=2**20)
HEAVY = small_plan(looked_at=1_500)


@pytest.mark.parametrize("plan", [PLAIN, HEAVY])
def test_the_longer_a_run_the_smaller_the_share_that_evidence_takes(plan):
    shares = [for_evidence(plan, seconds) / seconds for seconds in (30, 300, 1_200, 3_600)]
    assert shares == sorted(shares, reverse=True) and shares[-1] < 0.8 * shares[0]
    for seconds in (30, 300, 3_600):
        assert for_members(plan, seconds) + for_evidence(plan, seconds) < seconds
        assert for_members(plan, seconds) > 0.7 * seconds


def test_an_hour_of_pictures_is_mostly_learnt_in():
    assert for_members(HEAVY, 3_600) > 0.85 * 3_600
    assert for_evidence(HEAVY, 3_600, solved=100) == for_evidence(HEAVY, 3_600) + 50


def test_halves_are_not_tried_on_a_processor_that_has_none(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr(budget, "_timed_steps", pytest.fail)
    assert budget._halved(HEAVY, None, 60) == HEAVY


@pytest.mark.parametrize(("half", "taken"), [(0.5, True), (0.9, False)])
def test_halves_are_taken_where_they_are_clearly_quicker(half, taken, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")

    def timed(task, plan, seconds):
        return None, lambda best: half if plan.body.encoder.half else 1.0

    monkeypatch.setattr(budget, "_timed_steps", timed)
    encoder = replace(HEAVY.body.encoder, half=taken)
    expected = replace(HEAVY, body=replace(HEAVY.body, encoder=encoder))
    assert budget._halved(HEAVY, None, 60) == expected


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("quicker", [True, False])
def test_few_multiplications_are_taken_where_they_are_quicker_than_whole_ones(
    half, quicker, monkeypatch
):
    monkeypatch.setattr(budget.winograd, "quicker", lambda: quicker)
    encoder = replace(HEAVY.body.encoder, half=half)
    plan = replace(HEAVY, body=replace(HEAVY.body, encoder=encoder))
    assert budget._by_winograd(plan).body.encoder == replace(encoder, winograd=quicker and not half)


@pytest.mark.parametrize(("slow", "quicker"), [("by_torch", True), ("convolution", False)])
def test_a_processor_is_judged_by_the_time_that_it_takes(slow, quicker, monkeypatch):
    whole, clock = getattr(budget.winograd, slow), [0.0]

    def slowly(x, weight):
        clock[0] += 0.3
        return whole(x, weight)

    monkeypatch.setattr(budget.winograd, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(budget.winograd, slow, slowly)
    assert budget.winograd.quicker() == quicker


@pytest.mark.parametrize(("together", "plain", "heavy"), [(0.7, 2, 2), (0.85, 1, 2), (0.95, 1, 1)])
def test_a_second_thread_must_pay_more_where_steps_are_short(together, plain, heavy):
    for plan, threads in ((PLAIN, plain), (HEAVY, heavy)):
        times = iter((1.0, together))
        found = threads_that_pay(lambda best, times=times: next(times), 2, pays_of(plan))
        assert found == (threads, together if threads == 2 else 1.0)


PICTURE = SimpleNamespace(measured=0, columns=("picture",), side=32)
NUMBER = SimpleNamespace(columns=("number",))


def made_in(seconds, learn, *beside):
    """Passes that are planned over so many pictures, and the most that may come of them."""
    schema = SimpleNamespace(media=(PICTURE,), inputs=(PICTURE, *beside), targets=())
    task = SimpleNamespace(schema=schema, folds=[(range(learn), range(100))])
    plan = fit_to_time(media_plan(schema, learn), task, Probe(1, 0.01, 1e-6), seconds)
    return [steps * plan.batch / learn for steps in (plan.all_steps, plan.most_steps)]


def test_many_pictures_are_seen_as_often_as_the_time_allows():
    short, long = (made_in(seconds, 40_000)[0] for seconds in (60, 90))
    assert passes(40_000) < short < long < 24
    assert made_in(36_000, 40_000) == pytest.approx([24, 24], rel=0.01)
    assert made_in(36_000, 15_000) == pytest.approx([24, 24], rel=0.02)


@pytest.mark.parametrize("learn", [1_000, 4_000, 10_000])
def test_few_pictures_are_seen_half_as_often_again_as_planned_at_most(learn):
    assert made_in(36_000, learn) == pytest.approx([1.5 * passes(learn)] * 2, rel=0.05)


def test_so_are_many_beside_plain_columns():
    assert made_in(36_000, 40_000, NUMBER) == pytest.approx([12, 12], rel=0.02)


@pytest.mark.parametrize(
    ("learn", "beside", "distort"),
    [
        (2_000, (), True),
        (4_000, (), False),
        (60_000, (), False),
        (2_000, (NUMBER,), True),
        (4_000, (NUMBER,), False),
    ],
)
def test_only_few_pictures_are_distorted(learn, beside, distort):
    schema = SimpleNamespace(media=(PICTURE,), inputs=(PICTURE, *beside), targets=())
    plan = media_plan(schema, learn)
    assert plan.body.encoder.distort == distort
    assert (plan.rate == RATE) == (distort or bool(beside))


def test_epochs_that_are_asked_for_are_not_exceeded():
    schema = SimpleNamespace(media=(PICTURE,), inputs=(PICTURE,), targets=())
    plan = of_epochs(media_plan(schema, 12_800), 12_800, epochs=3)
    assert (plan.batch, plan.all_steps, plan.most_steps) == (128, 300, 0)


@pytest.mark.parametrize(
    ("encoder", "sides", "channels", "seen"),
    [
        (Encoder(channels=48), [32], 16, [16]),
        (Encoder(channels=8), [8], 8, [8]),
        (Encoder(channels=24), [28], 16, [14]),
        (Encoder(channels=24, shrink=2), [128], 16, [21]),
        (Encoder(channels=24, shrink=3), [32], 16, [10]),
        (Encoder(channels=32, shrink=2, pixels=64), [128, 28], 16, [21, 14]),
        (Encoder(channels=32), [1, 64], 16, [1, 21]),  # a sound, which is never shrunk
    ],
)
def test_networks_of_the_learning_curve_are_narrow_and_see_little(encoder, sides, channels, seen):
    body = replace(HEAVY.body, encoder=encoder)
    found = curve_plan(replace(HEAVY, body=body), schema_of(sides)).body.encoder
    assert found.channels == channels
    assert [max(1, side // found.shrink_of(side)) for side in sides] == seen


@pytest.mark.parametrize(("rows", "passes_at_most"), [(1_000, 120), (4_000, 52)])
def test_networks_of_the_learning_curve_are_warm_before_their_deadline(rows, passes_at_most):
    part = SimpleNamespace(schema=schema_of([32]), folds=[(range(rows), range(100))])
    found = curve._sized(triangular(replace(HEAVY, batch=128), 20_000), part, rows)
    assert found.warmup <= 10 < found.steps
    assert found.all_steps * found.batch / rows <= passes_at_most


def test_networks_of_the_learning_curve_that_hear_alone_shrink_nothing():
    found = curve_plan(HEAVY, schema_of([1])).body.encoder
    assert (found.shrink, found.pixels) == (1, 0)


def schema_of(sides):
    return SimpleNamespace(media=tuple(SimpleNamespace(side=side) for side in sides))
