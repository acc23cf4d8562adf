"""The schedule of a descent, and a descent that is resumed, interrupted or done over."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from descents import SCHEDULE, descend, network
from pellucid.training.descent import Descent, Schedule
from pellucid.training.watch import Watch


def test_the_rate_is_a_function_of_the_step():
    schedule = Schedule(rate=1.0, steps=100, evaluate_every=10, patience=5, warmup=10)
    rates = [Descent(step=step).rate(schedule) for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert set(rates[10:]) == {1.0}
    annealing = Descent(step=100)
    annealing.anneal()
    assert annealing.anneal_steps == 25
    falling = []
    for annealing.step in range(100, 126):
        falling.append(annealing.rate(schedule))
    assert falling == pytest.approx([1 - i / 25 for i in range(26)])


def test_a_descent_takes_its_steps_and_a_quarter_more():
    _, descent = descend(SCHEDULE)
    assert descent.step == 125
    assert [moment["step"] for moment in descent.history] == [*range(10, 121, 10), 125]
    assert not descent.cut
    rates = [moment["rate"] for moment in descent.history]
    assert rates[0] == SCHEDULE.rate
    assert rates[-1] == pytest.approx(SCHEDULE.rate / 25)


def test_what_is_learnt_is_better_than_what_it_began_with():
    _, descent = descend(SCHEDULE)
    assert descent.best < 0.3 * descent.history[0]["score"]


def test_without_progress_it_anneals_from_the_best_weights_and_ends_with_them():
    module, best = network(), []
    scores = iter([5.0, 4.0, 3.0, *[9.0] * 1_000])

    def score():
        best.append(nn.utils.parameters_to_vector(module.parameters()).detach().clone())
        return next(scores)

    schedule = Schedule(rate=1e-2, steps=10_000, evaluate_every=20, patience=4)
    weights, descent = descend(schedule, module=module, score=score)
    assert descent.settled
    assert descent.best_step == 60
    assert descent.anneal_from == 60 + 4 * 20
    assert descent.step == 140 + 60 // 4
    assert weights.equal(best[2])
    last_before, last = best[6], best[-1]  # at steps 140 and 155
    assert 0 < (last - best[2]).norm() < (last_before - best[2]).norm()


def test_a_score_that_is_no_number_never_becomes_the_best():
    scores = iter([5.0, float("nan"), *[9.0] * 100])
    _, descent = descend(SCHEDULE, score=lambda: next(scores))
    assert (descent.best, descent.best_step) == (5.0, 10)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    assert descend(SCHEDULE)[0].equal(descend(SCHEDULE)[0])
    assert not descend(SCHEDULE)[0].equal(descend(SCHEDULE, seed=1)[0])


class KillError(Exception):
    """Stands for a kill right after a checkpoint was written."""


class SavingOnce(Watch):
    """Saves its checkpoint at one step, and dies there."""

    def __init__(self, at, checkpoint):
        super().__init__(checkpoint=checkpoint)
        self.at = at

    def look(self, descent, optimizer, best, loss):
        super().look(descent, optimizer, best, loss)
        if descent.step >= self.at:
            self.save(descent, optimizer, best)
            raise KillError
        return True


@pytest.fixture(scope="module")
def undisturbed():
    return descend(SCHEDULE)


@settings(max_examples=12, deadline=None)
@given(at=st.integers(1, 120))
def test_a_descent_killed_anywhere_and_resumed_ends_with_the_same_bytes(
    at, undisturbed, tmp_path_factory
):
    checkpoint = tmp_path_factory.mktemp("resume") / "network-0.safetensors"
    with pytest.raises(KillError):
        descend(SCHEDULE, SavingOnce(at, checkpoint))
    weights, descent = descend(SCHEDULE, Watch(checkpoint=checkpoint), module=network(seed=99))
    assert weights.equal(undisturbed[0])
    assert descent == undisturbed[1]


def test_a_descent_killed_while_it_waits_for_progress_resumes_the_same(tmp_path):
    schedule = Schedule(rate=3e-2, steps=2_000, evaluate_every=5, patience=3)
    weights, whole = descend(schedule)
    assert whole.settled
    assert whole.anneal_from is not None
    assert whole.step < 2_000
    for at in (whole.anneal_from - 5, whole.anneal_from + 1, whole.step - 11):
        checkpoint = tmp_path / f"{at}.safetensors"
        with pytest.raises(KillError):
            descend(schedule, SavingOnce(at, checkpoint))
        again, descent = descend(schedule, Watch(checkpoint=checkpoint), module=network(seed=9))
        assert again.equal(weights)
        assert descent == whole


def test_a_finished_descent_is_taken_from_its_checkpoint_without_a_step(tmp_path):
    checkpoint = tmp_path / "network.safetensors"
    weights, descent = descend(SCHEDULE, Watch(checkpoint=checkpoint))

    def no_score():
        raise AssertionError("it was finished")

    again, same = descend(SCHEDULE, Watch(checkpoint=checkpoint), score=no_score)
    assert again.equal(weights)
    assert same == descent


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_with_a_damaged_checkpoint_it_says_so_and_begins_again(tmp_path, damage, undisturbed):
    checkpoint = tmp_path / "network.safetensors"
    with pytest.raises(KillError):
        descend(SCHEDULE, SavingOnce(50, checkpoint))
    checkpoint.write_bytes(checkpoint.read_bytes()[:-7] if damage is None else damage)
    with pytest.warns(UserWarning, match=r"network\.safetensors is damaged .* begins again"):
        weights, descent = descend(SCHEDULE, Watch(checkpoint=checkpoint))
    assert weights.equal(undisturbed[0])
    assert descent == undisturbed[1]


class Interrupting:
    """Ctrl-C once the descent has been looked at so often."""

    def __init__(self, looks):
        self.looks = looks

    def __call__(self):
        self.looks -= 1
        return self.looks < 0


@pytest.mark.parametrize("looks", [0, 2, 7])
def test_a_descent_that_was_interrupted_can_be_done_over(looks):
    weights, descent = descend(SCHEDULE, Watch(interrupted=Interrupting(looks)))
    assert descent.cut == {"anneal_at": 10 * (looks + 1)}
    assert descent.step == descent.cut["anneal_at"] + max(10, descent.cut["anneal_at"] // 4)
    over, again = descend(Schedule(1e-2, 100, 10, 50, **descent.cut))
    assert over.equal(weights)
    assert (again.history, again.cut) == (descent.history, {})


class Clock(Watch):
    """Its deadline passes at a step while it anneals."""

    def look(self, descent, optimizer, best, loss):
        self.deadline = 0.0 if descent.step >= 60 else float("inf")
        return super().look(descent, optimizer, best, loss)


def test_a_descent_that_was_cut_short_can_be_done_over():
    watch = Clock(interrupted=Interrupting(3))
    slow = Schedule(rate=1e-2, steps=1_000, evaluate_every=7, patience=50)
    early = Schedule(rate=1e-2, steps=56, evaluate_every=7, patience=50)
    for schedule, cut in ((slow, {"anneal_at": 40}), (early, {"stop_at": 60})):
        weights, descent = descend(schedule, watch if schedule is slow else Clock())
        assert descent.cut == cut
        done_over = Schedule(1e-2, schedule.steps, 7, 50, **descent.cut)
        over, again = descend(done_over)
        assert over.equal(weights)
        assert again.history == descent.history


class SecondASteps(Watch):
    """Sees a clock on which every step takes a second."""

    def look(self, descent, optimizer, best, loss):
        self.clock.now = descent.step
        return super().look(descent, optimizer, best, loss)


class FakeClock:
    now = 0

    def monotonic(self):
        return self.now


class SlowSteps(Watch):
    """Sees a clock on which every step takes 20 seconds."""

    def due(self, step):
        self.clock.now = 20 * step
        return super().due(step)


@pytest.mark.parametrize("stopped", [False, True])
def test_slow_steps_are_looked_at_before_the_deadline_and_where_ctrl_c_came(monkeypatch, stopped):
    clock = FakeClock()
    monkeypatch.setattr("pellucid.training.watch.time", clock)
    pressed = (lambda: clock.now >= 60) if stopped else (lambda: False)
    watch = SlowSteps(deadline=float("inf") if stopped else 150, interrupted=pressed)
    watch.clock = clock
    planned = Schedule(1e-2, 500, 100, 2**20)
    weights, descent = descend(planned, watch)
    assert descent.cut["anneal_at"] == (3 if stopped else 7)
    assert descent.step <= (13 if stopped else 8)
    hurries = {int(k.split("_")[2]): n for k, n in descent.cut.items() if "hurry" in k}
    over, _ = descend(replace(planned, anneal_at=descent.cut["anneal_at"], hurries=hurries))
    assert over.equal(weights)


def test_a_schedule_known_from_the_start_is_shortened_to_end_in_time_and_can_be_done_over(
    monkeypatch,
):
    clock = FakeClock()
    monkeypatch.setattr("pellucid.training.watch.time", clock)
    watch = SecondASteps(deadline=150)
    watch.clock = clock
    planned = Schedule(1e-2, 60, 30, 2**20, warmup=60, anneal=340 / 60)
    weights, descent = descend(planned, watch)
    assert 120 < descent.step <= 150
    assert descent.history[-1]["rate"] < 1e-3
    assert descent.cut == {"anneal_at": 30, "hurry_at_30": 114}
    over, again = descend(replace(planned, anneal_at=30, hurries={30: 114}))
    assert over.equal(weights)
    assert again.history == descent.history


@pytest.mark.parametrize(("most", "steps"), [(400, 292), (200, 200), (0, 120)])
def test_a_schedule_on_a_machine_quicker_than_planned_anneals_for_longer_and_can_be_done_over(
    monkeypatch, most, steps
):
    clock = FakeClock()
    monkeypatch.setattr("pellucid.training.watch.time", clock)
    watch = SecondASteps(deadline=300, most=most)
    watch.clock = clock
    planned = Schedule(1e-2, 40, 20, 2**20, warmup=40, anneal=2.0)
    weights, descent = descend(planned, watch)
    assert descent.step == pytest.approx(steps, abs=10)
    assert descent.step <= max(most, 120)
    assert descent.history[-1]["rate"] < 1e-3
    assert bool(descent.cut) == (most > 0)
    hurries = {int(name.split("_")[2]): left for name, left in descent.cut.items()}
    over, again = descend(replace(planned, hurries=hurries), Watch(most=most))
    assert over.equal(weights)
    assert again.history == descent.history


def test_a_triangular_schedule_goes_up_and_down_in_lines():
    schedule = Schedule(1e-2, 20, 10, 2**20, warmup=20, anneal=4.0)
    _, descent = descend(schedule)
    assert descent.step == 100
    rates = {moment["step"]: moment["rate"] for moment in descent.history}
    assert rates[10] == pytest.approx(0.5e-2)
    assert rates[20] == pytest.approx(1e-2)
    assert rates[60] == pytest.approx(1e-2 * 41 / 80)
    assert rates[100] == pytest.approx(1e-2 / 80)


def test_annealing_begins_in_time_for_the_deadline():
    seconds = 1.5
    deadline = time.monotonic() + seconds
    endless = Schedule(rate=1e-2, steps=10**9, evaluate_every=100, patience=10**9)
    _, descent = descend(endless, Watch(deadline))
    assert time.monotonic() < deadline + 0.5
    assert time.monotonic() > deadline - 1.0
    assert descent.anneal_from >= descent.cut["anneal_at"] > 0
    assert descent.step >= 100


def test_training_leaves_the_global_generators_alone():
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    descend(SCHEDULE)
    assert torch.random.get_rng_state().equal(before[0])
    assert (np.random.get_state()[1] == before[1]).all()


def test_a_checkpoint_is_whole_or_not_there(tmp_path, monkeypatch):
    checkpoint = tmp_path / "network.safetensors"
    descend(SCHEDULE, Watch(checkpoint=checkpoint))
    before = checkpoint.read_bytes()

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(Exception, match="No space left"):
        descend(Schedule(1e-2, 10, 5, 5), Watch(checkpoint=checkpoint), seed=3)
    assert checkpoint.read_bytes() == before
    assert list(tmp_path.iterdir()) == [checkpoint]
