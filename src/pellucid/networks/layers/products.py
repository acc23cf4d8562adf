"""Many small matrix products at once, quick also where they have few columns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def products(bias: Tensor, x: Tensor, weight: Tensor, training: bool) -> Tensor:
    """x W + b, one by one: (many, rows, in), (many, in, out), (many, 1, out) -> (many, rows, out).

    A batched product with three columns takes five times as long as with its second factor stored
    the other way round, and so does the gradient of that factor. Learning and predicting take the
    quick way; where a network is looked into, the product is the one operation that it is.
    """
    if not (training or torch.is_inference_mode_enabled()):
        return torch.baddbmm(bias, x, weight)
    result: Tensor = _Products.apply(bias, x, weight.mT.contiguous())  # type: ignore[no-untyped-call]
    return result


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, bias: Tensor, x: Tensor, turned: Tensor) -> Tensor:
        ctx.save_for_backward(x, turned)
        return torch.baddbmm(bias, x, turned.mT)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        x, turned = ctx.saved_tensors
        of_x = g.bmm(turned) if ctx.needs_input_grad[1] else None
        return g.sum(1, keepdim=True), of_x, g.mT.bmm(x)
