"""How the time of a run is shared out."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch

from pellucid.training import budget
from pellucid.training.budget import for_evidence, for_members, pays_of, threads_that_pay
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


@pytest.mark.parametrize(("slow", "quicker"), [("_by_torch", True), ("convolution", False)])
def test_a_processor_is_judged_by_the_time_that_it_takes(slow, quicker, monkeypatch):
    whole = getattr(budget.winograd, slow)

    def slowly(x, weight):
        time.sleep(0.3)
        return whole(x, weight)

    monkeypatch.setattr(budget.winograd, slow, slowly)
    assert budget.winograd.quicker() == quicker


@pytest.mark.parametrize(("together", "plain", "heavy"), [(0.7, 2, 2), (0.85, 1, 2), (0.95, 1, 1)])
def test_a_second_thread_must_pay_more_where_steps_are_short(together, plain, heavy):
    for plan, threads in ((PLAIN, plain), (HEAVY, heavy)):
        times = iter((1.0, together))
        found = threads_that_pay(lambda best, times=times: next(times), 2, pays_of(plan))
        assert found == (threads, together if threads == 2 else 1.0)
