"""Translation: the trainer's tokens a second beside the bare step, padding, sentences written."""

from __future__ import annotations

# isort: off
import pellucid  # sets the waiting policy, which must come before torch

# isort: on
import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch import nn

from benchmarks import printing
from pellucid.data.table import Table
from pellucid.errors import Mends
from pellucid.experience import gather
from pellucid.networks.layers import Translator, random_layers, seed_layers, seed_of
from pellucid.networks.network import new_network
from pellucid.settings import Settings
from pellucid.store import Sequences
from pellucid.training.batches import Batches
from pellucid.training.budget import threads_set
from pellucid.training.draft import first_plan
from pellucid.training.fitting import fit
from pellucid.training.plan import Plan
from pellucid.training.task import Task
from pellucid.training.watch import Watch

SOURCE, TARGET = "en", "de"


def main(arguments: Sequence[str]) -> None:
    """Measure in CPU seconds of one thread; the two loops take turns."""
    parser = argparse.ArgumentParser(prog="benchmarks sequences", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds multi30k-en-de/")
    parser.add_argument("--output", type=Path, help="a JSON file for the results")
    parser.add_argument("--model", type=Path, help="a learnt model to write with; else one is made")
    parser.add_argument("--minutes", type=float, default=2.0, help="to learn that model in")
    parser.add_argument("--rows", type=int, default=6_000, help="pairs that are trained on")
    parser.add_argument("--steps", type=int, default=10, help="of each loop in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sentences", type=int, default=200, help="that are written")
    chosen = parser.parse_args(arguments)
    folder = chosen.data / "multi30k-en-de"
    pairs = pl.read_csv(folder / "train.csv").head(chosen.rows)
    asked = pl.read_csv(folder / "test2016.csv").head(chosen.sentences)
    with threads_set(1):
        trained = training(pairs, chosen.steps, chosen.rounds)
        printing.publish("Training on pairs of sentences, one thread", trained, chosen.output)
        model = pellucid.load(chosen.model) if chosen.model else _learnt(pairs, chosen.minutes)
        rows = [writing(model, asked, beams) for beams in (1, 4)]
        printing.publish("Sentences written, one thread", rows, chosen.output)


def training(pairs: pl.DataFrame, steps: int, rounds: int) -> list[dict[str, Any]]:
    """Tokens of source and target that each loop learns from in a CPU second."""
    task, plan = _task(pairs)
    plan = replace(plan, evaluate_every=steps, cuts={"0": {"stop_at": steps}})
    seconds: dict[str, list[float]] = {"bare step": [], "trainer": []}
    for _ in range(rounds):
        seconds["bare step"].append(_bare(task, plan, steps))
        started = time.process_time()
        fit(task, plan, lambda position: Watch(report=lambda descent, loss: None))
        seconds["trainer"].append(time.process_time() - started)
    first = _batches(task, plan)
    real = sum(_tokens(task, first(step))[0] for step in range(steps))
    every = [_tokens(task, first(step)) for step in range(first.per_epoch)]
    padded = sum(whole for _, whole in every) / sum(own for own, _ in every)
    best = {name: statistics.median(each) for name, each in seconds.items()}
    return [
        {
            "loop": name,
            "tokens a CPU second": real / best[name],
            "of the bare step": best["bare step"] / best[name],
            "padded / real tokens": padded,
            "tokens a batch": real / steps,
        }
        for name in seconds
    ]


def writing(model: Any, asked: pl.DataFrame, beams: int) -> dict[str, Any]:
    """Sentences a CPU second along so many beams, and how good they are."""
    for module in model.network.modules():
        if isinstance(module, Translator):
            module.beams = beams
    started = time.process_time()
    written = model.predict(asked.select(SOURCE))
    seconds = time.process_time() - started
    kind = model.schema.targets[0]
    target = model.evaluate(asked)[TARGET]["performance"]["value"]
    return {
        "beams": beams,
        "sentences a CPU second": len(written) / seconds,
        "words a sentence": float(written.str.count_matches(r"\S+").mean()),
        kind.metric: target,
    }


def _learnt(pairs: pl.DataFrame, minutes: float) -> Any:
    return pellucid.learn(pairs, TARGET, minutes=minutes, verbose=False)


def _task(pairs: pl.DataFrame) -> tuple[Task, Plan]:
    """The rows as `learn` makes them ready, with few to choose on, and the plan for them."""
    table = Table("pairs", pairs.lazy(), pairs.height)
    made = gather((table,), [TARGET], Settings(), None, Mends(), prove=False)
    plan = replace(first_plan(made.schema, len(made.split.learn)), threads=1, trees=0)
    ((learn, choose),) = made.folds(1, 0)
    return Task(made.schema, made.store, made.targets, [(learn, choose[:16])], 0), plan


def _batches(task: Task, plan: Plan) -> Batches:
    return Batches(
        torch.as_tensor(task.folds[0][0]), plan.batch, seed_of(0, 0), task.lengths(), task.window
    )


def _tokens(task: Task, rows: torch.Tensor) -> tuple[int, int]:
    """Tokens of a batch's source and target, without their padding and with it."""
    answers = task.targets[0]
    assert isinstance(answers, Sequences)
    read = next(b for name, b in task.store.batch(rows).items() if name.endswith(".source"))
    both = (read, answers[rows])
    return sum(int((each > 0).sum()) for each in both), sum(each.numel() for each in both)


def _bare(task: Task, plan: Plan, steps: int) -> float:
    """CPU seconds of forward, loss, backward and step on tensors that are there already."""
    deep = new_network(task.schema, plan.body, 1, 0).deep[0].train()
    assert isinstance(deep, nn.Module)
    seed_layers(random_layers(deep), 0, 0)
    optimizer = torch.optim.AdamW(deep.parameters(), plan.rate, fused=True)
    batches, kind = _batches(task, plan), task.schema.targets[0]
    ready = [(task.store.batch(rows), task.targets[0][rows])
             for rows in map(batches, range(steps))]  # fmt: skip
    started = time.process_time()
    for batch, answer in ready:
        optimizer.zero_grad()
        kind.loss(deep.learning(batch, [answer])[0], answer).backward()
        optimizer.step()
    return time.process_time() - started
