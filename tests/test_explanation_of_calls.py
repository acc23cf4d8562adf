"""Operations called in every way: worked by their lesson, or shown without; none fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from pellucid.explanation.entries import worked
from pellucid.explanation.recorder import recording

DRAW = torch.Generator().manual_seed(3)


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=DRAW, dtype=torch.float64)


X, M, V, IMAGE = drawn(2, 4, 6), drawn(4, 6), drawn(5), drawn(2, 3, 8, 8)
MEAN, SPREAD = drawn(3), drawn(3).square()
INDEX, TABLE = torch.tensor([[0, 2], [1, 3]]), drawn(5, 3)
SCORES, CLASSES = drawn(4, 3), torch.tensor([0, 2, 1, 1])
SURE, ITS_OWN = 50 * torch.eye(2).double(), torch.tensor([0, 1])
QUERY = drawn(2, 2, 5, 4)
CAUSAL = torch.ones(5, 5, dtype=torch.bool).tril()
LSTMS = {"plain": nn.LSTM(6, 3).double(), "projected": nn.LSTM(6, 3, proj_size=2).double()}

WORKED: dict[str, tuple[str, Callable[[], Any]]] = {
    "gelu": ("gelu", lambda: functional.gelu(X)),
    "softplus": ("softplus", lambda: functional.softplus(X)),
    "softmax of a method": ("softmax", lambda: X.softmax(1)),
    "softmax of named arguments": ("softmax", lambda: torch.softmax(input=X, dim=0)),
    "log-softmax": ("log_softmax", lambda: functional.log_softmax(X, -1)),
    "logsumexp over two axes": ("logsumexp", lambda: torch.logsumexp(X, dim=(0, 1))),
    "mean over all": ("mean", V.mean),
    "mean along an axis of NumPy": ("mean", lambda: X.mean(axis=1)),
    "mean that keeps its axes": ("mean", lambda: X.mean([-1], keepdim=True)),
    "amax along an axis of NumPy": ("amax", lambda: X.amax(axis=1)),
    "sum along an axis of NumPy": ("sum", lambda: X.sum(axis=1)),
    "clamp from below by a larger tensor": (
        "clamp", lambda: torch.clamp(X[:1, :, :1], min=torch.ones(6).double()),
    ),
    "clamp by position": ("clamp", lambda: X.clamp(-1, 1)),
    "layer norm without weights": ("layer_norm", lambda: functional.layer_norm(X, (6,), eps=0.1)),
    "batch norm": ("batch_norm", lambda: functional.batch_norm(IMAGE, MEAN, SPREAD)),
    "embedding": ("embedding", lambda: functional.embedding(INDEX, TABLE, padding_idx=0)),
    "embedding, the table first": ("embedding", lambda: torch.embedding(TABLE, INDEX)),
    "cross-entropy": ("cross_entropy", lambda: functional.cross_entropy(SCORES, CLASSES)),
    "smoothed classes": (
        "cross_entropy", lambda: functional.cross_entropy(SCORES, CLASSES, label_smoothing=0.1),
    ),
    "a sum of cross-entropies": (
        "cross_entropy", lambda: functional.cross_entropy(SCORES, CLASSES, reduction="sum"),
    ),
    "cross-entropy of sure scores": (
        "cross_entropy", lambda: functional.cross_entropy(SURE, ITS_OWN),
    ),
    "where": ("where", lambda: torch.where(X > 0, X, 0.5)),
    "where as a method": ("where", lambda: X.where(X > 0, -X)),
    "average pooling": ("avg_pool2d", lambda: functional.avg_pool2d(IMAGE, (2, 3), stride=(1, 2))),
    "max pooling": ("max_pool1d", lambda: functional.max_pool1d(X, 2, 1)),
    "adaptive pooling": (
        "adaptive_avg_pool2d", lambda: functional.adaptive_avg_pool2d(IMAGE, (None, 2)),
    ),
    "attention": (
        "scaled_dot_product_attention",
        lambda: functional.scaled_dot_product_attention(QUERY, QUERY, QUERY, CAUSAL),
    ),
    "attention that is causal by position": (
        "scaled_dot_product_attention",
        lambda: functional.scaled_dot_product_attention(QUERY, QUERY, QUERY, None, 0.0, True),
    ),
    "an LSTM": ("lstm", lambda: LSTMS["plain"](X)),
    "a product with a vector": ("matmul", lambda: V[:4] @ M),
    "a product batch by batch": ("matmul", lambda: X[:, None] @ X.mT[None]),
    "a convolution of named arguments": (
        "conv2d", lambda: functional.conv2d(input=IMAGE, weight=IMAGE[:, :, :2, :2], stride=(1, 2)),
    ),
}  # fmt: skip

SHOWN: dict[str, tuple[str, Callable[[], Any]]] = {
    "softplus of another shape": ("softplus", lambda: functional.softplus(X, beta=2)),
    "softplus where it is a line": ("softplus", lambda: functional.softplus(20.5 + X[0, 0].abs())),
    "gelu by tanh": ("gelu", lambda: functional.gelu(X, approximate="tanh")),
    "mean of one number": ("mean", V[0].mean),
    "layer norm over two axes": ("layer_norm", lambda: functional.layer_norm(X, (4, 6))),
    "batch norm while learning": (
        "batch_norm", lambda: functional.batch_norm(IMAGE, None, None, training=True),
    ),
    "a smoothed class that is all but impossible": (
        "cross_entropy",
        lambda: functional.cross_entropy(SURE, ITS_OWN, label_smoothing=0.1),
    ),
    "a right class that is all but impossible": (
        "cross_entropy", lambda: functional.cross_entropy(SURE, 1 - ITS_OWN),
    ),
    "weighted classes": (
        "cross_entropy", lambda: functional.cross_entropy(SCORES, CLASSES, SPREAD),
    ),
    "a class that does not count": (
        "cross_entropy", lambda: functional.cross_entropy(SCORES, CLASSES, ignore_index=1),
    ),
    "where alone": ("where", lambda: torch.where(X > 0)),
    "pooling with a divisor": (
        "avg_pool2d", lambda: functional.avg_pool2d(IMAGE, 2, divisor_override=3),
    ),
    "pooling with a divisor by position": (
        "avg_pool2d", lambda: functional.avg_pool2d(IMAGE, 2, None, 0, False, True, 3),
    ),
    "pooling with gaps": ("max_pool2d", lambda: functional.max_pool2d(IMAGE, 2, dilation=2)),
    "attention with weights of a mask": (
        "scaled_dot_product_attention",
        lambda: functional.scaled_dot_product_attention(QUERY, QUERY, QUERY, attn_mask=drawn(5, 5)),
    ),
    "a projected LSTM": ("lstm", lambda: LSTMS["projected"](X)),
    "a product of named arguments": ("matmul", lambda: torch.matmul(input=M, other=M.T)),
    "a layer of one neuron": ("linear", lambda: functional.linear(V, V)),
    "bags that begin at offsets": (
        "embedding_bag",
        lambda: functional.embedding_bag(torch.arange(3), TABLE, torch.tensor([0, 2]), mode="sum",
                                per_sample_weights=SPREAD),
    ),
    "a convolution of padding by name": (
        "conv2d", lambda: functional.conv2d(IMAGE, IMAGE[:, :, :3, :3], padding="same"),
    ),
}  # fmt: skip


class Called(nn.Module):
    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self.call = call

    def forward(self) -> Any:
        return self.call()


def lesson_of(name: str, call: Callable[[], Any]) -> tuple[Any, ...]:
    module = Called(call)
    with torch.no_grad(), recording(module) as recorder:
        module()
    (operation,) = (each for each in recorder.operations if each.name == name)
    return worked(operation)


@pytest.mark.parametrize("way", WORKED)
def test_a_call_is_worked_by_its_lesson(way: str) -> None:
    assert lesson_of(*WORKED[way])


@pytest.mark.parametrize("way", SHOWN)
def test_a_call_that_the_lesson_does_not_cover_is_shown_without(way: str) -> None:
    assert lesson_of(*SHOWN[way]) == ()
