"""A small descent that takes a tenth of a second, for the tests of training."""

from __future__ import annotations

import torch
from torch import nn

from pellucid.networks.layers import Dropout
from pellucid.training.batches import Batches
from pellucid.training.descent import Schedule
from pellucid.training.loop import train
from pellucid.training.watch import Watch

SCHEDULE = Schedule(rate=1e-2, steps=100, evaluate_every=10, patience=50)


def network(seed=0):
    """A small network with matrices, biases, a scale and dropout."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = nn.Linear(6, 16), nn.ReLU(), Dropout(0.2), nn.LayerNorm(16), nn.Linear(16, 1)
        return nn.Sequential(*layers)


def problem(seed=0, rows=400):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 6, generator=generator)
    y = x[:, :1] * 2 + x[:, 1:2].abs() + 0.1 * torch.randn(rows, 1, generator=generator)
    return x, y


def descend(schedule, watch=None, seed=0, module=None, score=None, learn=300):
    """Train the small network on the small problem; give back its weights and its descent."""
    module = network() if module is None else module
    x, y = problem()
    batches = Batches(torch.arange(learn), 32, seed)

    def loss_of(step):
        rows = batches(step)
        return nn.functional.mse_loss(module(x[rows]), y[rows])

    def mse():
        return nn.functional.mse_loss(module(x[learn:]), y[learn:]).item()

    descent = train(module, loss_of, score or mse, schedule, seed, watch or Watch())
    return nn.utils.parameters_to_vector(module.parameters()).detach().clone(), descent
