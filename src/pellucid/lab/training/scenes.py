"""What can be trained in the lab, by name."""

from __future__ import annotations

from pellucid.lab.own import Own
from pellucid.lab.training.plain import Plane, design
from pellucid.lab.training.wishes import Wish
from pellucid.lab.training.worker import Scene


def build(wishes: Wish, own: Own | None = None) -> Scene:
    """The scene that a page wishes for: points of the plane, or the reader's own table."""
    if wishes.get("scene") == "table":
        from pellucid.lab.training.table import TableScene

        return (own or Own()).read(lambda own: TableScene(own.experience, wishes))
    return Plane(design(wishes))


def warm_up() -> None:
    """Import torch and take a step, so that the reader's first one does not wait for it."""
    import torch

    from pellucid.lab.training.learner import Learner, Pace

    torch.set_num_threads(1)  # these networks are small: a second thread only waits
    scene = build({})
    learner = Learner(scene.task)
    learner.advance(Pace(0.01, 16))
    scene.look(learner.optimizer.weights)
