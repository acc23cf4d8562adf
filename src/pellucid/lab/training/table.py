"""A network of the kind that `learn` trains, on the reader's own table, and its pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.errors import UsageError
from pellucid.experience import Experience
from pellucid.kinds.targets import summed_loss
from pellucid.lab.training.learner import Task, Twin
from pellucid.lab.training.projection import Projection
from pellucid.lab.training.wishes import Wish, whole
from pellucid.networks.layers import seed_of
from pellucid.networks.network import Body, DeepNetwork

SHOWN = 400  # rows of which pictures are made, half of them held out
BINS = 40


class TableScene:
    """DeepNetwork on an experience: the deep path alone, without the linear one and the trees."""

    def __init__(self, experience: Experience, wishes: Wish) -> None:
        self.experience, self.schema = experience, experience.schema
        width, blocks = whole(wishes, "width", 32), whole(wishes, "blocks", 2)
        if not 1 <= width <= 512 or not 0 <= blocks <= 6:
            raise UsageError("Width is 1 to 512 and there are at most 6 hidden layers.")
        body = Body(members=4, width=width, blocks=blocks, embedding=8, dropout=0.0)
        seed = whole(wishes, "seed", 0) % 2**31
        generator = torch.Generator().manual_seed(seed_of(seed, 0))
        network = DeepNetwork(experience.schema, body, generator)
        learn, prove = (
            torch.as_tensor(rows) for rows in (experience.split.learn, experience.split.prove)
        )
        network.prepare(experience.store.batch, learn)
        self.task = Task(network, self.loss, learn, prove, seed)
        self.twin = Twin(network)
        self.shown = torch.cat([learn[: SHOWN // 2], prove[: SHOWN // 2]])
        self.held = len(learn[: SHOWN // 2])  # from here on they are held out
        self.projection = Projection()
        self.parameters = sum(each.numel() for each in network.parameters())

    def loss(self, module: nn.Module, rows: Tensor) -> Tensor:
        """The targets' losses added up; classes are not smoothed."""
        assert isinstance(module, DeepNetwork)
        answers = [target[rows] for target in self.experience.targets]
        outputs = module.learning(self.experience.store.batch(rows), answers)
        return summed_loss(self.schema.targets, outputs, answers)

    def hidden(self, network: DeepNetwork, rows: Tensor) -> Tensor:
        """What the last hidden layer says of rows, over the members: (rows, width)."""
        raw = self.experience.store.batch(rows)
        x = torch.cat([layer(raw).flatten(1) for layer in network.inputs], 1)
        return network.hidden(network.scale(x)).mean(0)

    def constant(self) -> dict[str, Any]:
        """What does not change while it learns."""
        return {
            "parameters": self.parameters,
            "colours": self._colours(),
            "levels": self._levels(),
            "held": self.held,
            "name": self.experience.tables[0].name,
            "target": self.schema.targets[0].columns[0],
            "rows": [len(self.task.learn), len(self.task.prove)],
            "layers": [
                {"name": name, "shape": list(each.shape)}
                for name, each in self.task.module.named_parameters()
                if each.ndim > 1
            ],
        }

    def look(self, weights: Tensor) -> dict[str, Any]:
        """The map of the last layer, the losses, and how the weights are spread."""
        network = self.twin.take(weights)
        assert isinstance(network, DeepNetwork)
        learn, prove = self.shown[: self.held], self.shown[self.held :]
        with torch.inference_mode():
            return {
                "map": self.projection(self.hidden(network, self.shown).numpy()),
                "loss": float(self.loss(network, learn)),
                "held": float(self.loss(network, prove)),
                "spread": torch.histc(weights.clamp(-1, 1), BINS, -1, 1).numpy(),
            }

    def _levels(self) -> list[str]:
        """The classes, where there are few; a number has none."""
        target = self.schema.targets[0]
        levels = getattr(target, "levels", None)
        return [str(each) for each in levels[0]] if levels else []

    def _colours(self) -> Any:
        """One number a shown row: the class, or where a number lies between least and most."""
        values = self.experience.targets[0][self.shown]
        found = values.numpy().astype(np.float32).reshape(len(values), -1)[:, 0]
        if self._levels():
            return found
        low = float(np.nanmin(found))
        return (found - low) / max(float(np.nanmax(found)) - low, 1e-9)
