"""The explanation of a network in its own numbers: forward, loss, gradient, step, reasons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pellucid.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from pellucid.explanation.result import Explanation

__all__ = ["explain"]


def explain(  # noqa: PLR0913
    module: Any,
    inputs: Any,
    target: Any = None,
    *,
    weight: str | None = None,
    loss: Callable[[Any, Any], Tensor] | None = None,
    rate: float = 1e-3,
    decay: float = 1e-2,
) -> Explanation:
    """Work through what a network computes, in its own numbers.

    module: any `torch.nn.Module` (a copy of it runs, in float64 and not training), or a `Model`.
    inputs: a tensor, a tuple of arguments or a dictionary of them; for a `Model` one row: a
        mapping of columns to cells, a pandas Series, or a frame of one row.
    target: what the answer should be; then the loss, the gradient of a weight, one step of AdamW
        and the loss after it are worked too. A row has its own, and a `Model`'s kernels take a
        step of Muon, as they learnt.
    weight: the weight that is followed, like "0.weight[3,5]"; without it the one with the largest
        gradient in a matrix.
    loss: a function of answer and target; without it cross-entropy for classes (whole numbers),
        mean squared error for other numbers.
    rate, decay: of the step; a `Model` takes those of its plan (kernels: those of `FlatMuon`).

    Raises UsageError for a request that cannot be met.
    """
    from torch import nn

    from pellucid.explanation.modules import explain_module
    from pellucid.explanation.optimizing import Descent
    from pellucid.model import Model

    if isinstance(module, Model):
        from pellucid.explanation.rows import explain_row

        return explain_row(module, inputs, weight)
    if not isinstance(module, nn.Module):
        raise UsageError(
            "explain takes a torch.nn.Module or a pellucid Model, however: "
            f"{type(module).__name__}."
        )
    for name, value in (("rate", rate), ("decay", decay)):
        if not 0 <= value < 1e6:
            raise UsageError(f"{name} must be a number from 0, however: {name}={value}.")
    descent = Descent(rate, decay, None, lambda name, parameter: False)
    return explain_module(module, inputs, target, weight, loss, descent)
