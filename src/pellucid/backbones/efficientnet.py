"""EfficientNet-Lite: a frozen network of pictures that plain torch runs, from its weights alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

# Expansion, channels, repeats, stride and size of the kernel of each stage (Tan and Le 2019).
STAGES = (
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
)  # fmt: skip
# Width and depth of Lite 0 to 4, and the pixels of a side that they were trained on.
SIZES = (
    (1.0, 1.0, 224), (1.0, 1.1, 240), (1.1, 1.2, 260), (1.2, 1.4, 280), (1.4, 1.8, 300),
)  # fmt: skip
STEM, HEAD = 32, 1_280
MEAN, SPREAD = 127.0, 128.0  # of a pixel, 0 to 255


class EfficientNetLite(nn.Module):
    """Pictures (batch, 3, side, side), 0 to 255 -> (batch, 1280), the mean over all places.

    EfficientNet without squeeze-and-excitation, with ReLU6. The names of its parts are those of
    the weights that are passed around (`_conv_stem`, `_blocks.0._depthwise_conv`, …).
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        width, depth, self.side = SIZES[size]
        self.width = HEAD
        self._conv_stem = _Convolution(3, STEM, 3, 2)
        self._bn0 = _norm(STEM)
        blocks, inputs = [], STEM
        for number, (expansion, channels, repeats, stride, kernel) in enumerate(STAGES):
            ends = number in (0, len(STAGES) - 1)  # the first and the last stage are not deepened
            outputs = _rounded(channels * width)
            for repeat in range(repeats if ends else math.ceil(repeats * depth)):
                blocks.append(_Block(inputs, outputs, expansion, kernel, 1 if repeat else stride))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _Convolution(inputs, HEAD, 1, 1)
        self._bn1 = _norm(HEAD)

    def forward(self, pictures: Tensor) -> Tensor:
        """(batch, 1280)."""
        x = (pictures - MEAN) / SPREAD
        x = nn.functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = nn.functional.relu6(self._bn1(self._conv_head(x)))
        return x.mean((2, 3))


class _Block(nn.Module):
    """Widen, look around within each channel, narrow; beside a way around where shapes allow."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expands, self.around = expansion > 1, stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv, self._bn0 = _Convolution(inputs, wide, 1, 1), _norm(wide)
        self._depthwise_conv = _Convolution(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv, self._bn2 = _Convolution(wide, outputs, 1, 1), _norm(outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """The same shape, or half the sides."""
        x = inputs
        if self.expands:
            x = nn.functional.relu6(self._bn0(self._expand_conv(x)))
        x = nn.functional.relu6(self._bn1(self._depthwise_conv(x)))
        x = self._bn2(self._project_conv(x))
        return x + inputs if self.around else x


class _Convolution(nn.Conv2d):
    """A convolution padded as TensorFlow pads, where the weights come from: more at the end."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, size, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, outputs, ceil(height / stride), ceil(width / stride))."""
        size, stride = self.kernel_size[0], self.stride[0]
        room = [max((-(-n // stride) - 1) * stride + size - n, 0) for n in x.shape[:1:-1]]
        padded = nn.functional.pad(x, [half for n in room for half in (n // 2, n - n // 2)])
        return super().forward(padded)


def efficientnet_lite(weights: Mapping[str, Tensor]) -> EfficientNetLite:
    """The network of these weights, ready to be asked; ValueError where they are of another."""
    for size in range(len(SIZES)):
        with torch.device("meta"):
            network = EfficientNetLite(size)
        wanted = network.state_dict()
        if all(name in weights and weights[name].shape == w.shape for name, w in wanted.items()):
            network.load_state_dict({name: weights[name] for name in wanted}, assign=True)
            return network.eval().requires_grad_(False)
    raise ValueError("these weights are not those of an EfficientNet-Lite")


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def _rounded(channels: float) -> int:
    """The nearest multiple of 8 that is not below nine tenths."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near
