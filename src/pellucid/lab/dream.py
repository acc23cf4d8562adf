"""Deep dreaming: a picture is changed, uphill, so that a network's answer or channel grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pellucid.errors import UsageError
from pellucid.kinds.image import Image
from pellucid.lab.digits import digits, pictures_of
from pellucid.lab.own import Own
from pellucid.lab.rows import row_number
from pellucid.lab.taught import Taught, taught
from pellucid.lab.thumbnails import packed

STEPS = 24


def dream(own: Own, question: Mapping[str, Any]) -> dict[str, Any]:
    """Steps uphill from a row's picture, or from grey, towards a class or a larger number.

    Each step adds the gradient of the answer by the pixels, blurred a little and scaled to the
    largest of its entries (Mordvintsev et al. 2015, "Inceptionism").
    """
    network = taught(_pictures(own))
    position = next(i for i, kind in enumerate(network.schema.inputs) if isinstance(kind, Image))
    kind = network.schema.inputs[position]
    assert isinstance(kind, Image)
    place = row_number(question, len(network.rows))
    raw = network.raw([int(network.rows[place])])
    levels = _levels(network)
    goal = question.get("goal", min(3, len(levels) - 1))
    size = float(question.get("size", 8))
    if not isinstance(goal, int) or not 0 <= goal < len(levels) or not 0 < size <= 64:
        raise UsageError(f"A dream has a goal from 0 to {len(levels) - 1} and a step up to 64.")
    start = raw["image"].float()
    if question.get("grey"):
        start = torch.tensor(kind.mean).expand_as(start).clone()
    pictures, chances, pixels = _uphill(network, raw, start, goal, size)
    return {
        "about": network.about,
        "name": network.table.name,
        "row": int(network.rows[place]),
        "numbers": network.rows.tolist(),
        "target": network.schema.targets[0].columns[0],
        "levels": levels,
        "goal": goal,
        "pictures": packed(pictures[:, 0, 0].clamp(0, 255).to(torch.uint8).numpy()),
        "answers": chances,
        "pixels": pixels,
        "untouched": chances[0],
    }


def _pictures(own: Own) -> Own:
    """The reader's pictures; digits where there are none, or where only sounds or films are."""
    found = pictures_of(own)
    schema = found.experience.schema if found.model is None else found.model.schema
    return found if any(isinstance(kind, Image) for kind in schema.inputs) else digits()


def _levels(network: Taught) -> list[str]:
    kind = network.schema.targets[0]
    levels = getattr(kind, "levels", None)
    if levels is None:
        return ["a larger number"]
    return [str(each) for each in levels[0]]


def _uphill(
    network: Taught, raw: dict[str, Tensor], start: Tensor, goal: int, size: float
) -> tuple[Tensor, list[list[float]], list[dict[str, Any]]]:
    """The pictures step by step, what the network answers to each, a pixel of each step."""
    picture, pictures, answers, pixels = start, [start], [], []
    target = network.schema.targets[0]
    for step in range(STEPS + 1):
        picture = picture.detach().requires_grad_()
        output = target.combine(network.deep({**raw, "image": picture})[0])[0].flatten()
        shown = output.softmax(0) if target.has_probabilities else output[:1]
        answers.append(shown.detach().tolist())
        if step == STEPS:
            break
        (slope,) = torch.autograd.grad(output[goal] if len(output) > goal else output[0], picture)
        slope = _blurred(slope)
        height = size / slope.abs().max().clamp_min(1e-12)  # what a slope is multiplied by
        moved = picture.detach() + height * slope
        pixels.append(_pixel(picture.detach(), slope, float(height), moved.clamp(0, 255)))
        picture = moved.clamp(0, 255)
        pictures.append(picture)
    return torch.stack(pictures).detach(), answers, pixels


def _pixel(was: Tensor, slope: Tensor, height: float, moved: Tensor) -> dict[str, Any]:
    """The pixel that a step moves most: where it lies, its value, its slope, what it becomes."""
    place = int((moved - was).abs().argmax())
    _, _, row, column, channel = np.unravel_index(place, was.shape)
    return {
        "row": int(row),
        "column": int(column),
        "channel": int(channel),
        "value": float(was.flatten()[place]),
        "slope": float(slope.flatten()[place]),
        "height": height,
        "after": float(moved.flatten()[place]),
    }


def _blurred(slope: Tensor) -> Tensor:
    """(batch, columns, height, width, channels), each entry mixed with its neighbours."""
    flat = slope.flatten(0, 1).permute(0, 3, 1, 2)
    soft = torch.nn.functional.avg_pool2d(flat, 3, 1, 1, count_include_pad=False)
    return ((flat + soft) / 2).permute(0, 2, 3, 1).view_as(slope)
