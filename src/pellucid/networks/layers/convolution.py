"""A picture to one vector: a small residual convolutional network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.normalisation import BatchNorm

SMALLEST = 8  # pixels of the shorter side that are still pooled
SMALL, LARGE, HUGE = 24, 48, 128  # pixels of the shorter side, beyond which less of it is looked at


class Convolution(nn.Module):
    """Convolution, batch normalisation, GELU: (batch, in, h, w) -> (batch, out, h', w')."""

    def __init__(
        self, inputs: int, outputs: int, generator: torch.Generator, size: int = 3, stride: int = 1
    ) -> None:
        super().__init__()
        weight = torch.randn(outputs, inputs, size, size, generator=generator)
        self.weight = nn.Parameter(weight * (2 / (inputs * size * size)) ** 0.5)
        self.norm = BatchNorm(outputs)
        self.stride, self.padding = stride, (size - 1) // 2

    def forward(self, x: Tensor) -> Tensor:
        """GELU(norm(x * weight))."""
        x = nn.functional.conv2d(x, self.weight, None, self.stride, self.padding)
        return nn.functional.gelu(self.norm(x))


class Residual(nn.Module):
    """x + two convolutions of x (He et al. 2016)."""

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.first = Convolution(channels, channels, generator)
        self.second = Convolution(channels, channels, generator)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return x + self.second(self.first(x))


class PictureEncoder(nn.Module):
    """Pictures (batch, in, height, width) -> (batch, `width`) by a network of seven to nine layers.

    The family of ResNet-9 (Page 2018, "How to train your ResNet"): the channels double and the
    sides halve two or three times, with residual layers after the first and the last time. What is
    left of the places is taken at its largest and at its mean. Pictures of 25 to 48 pixels are
    seen at every second place by twice the channels: the same arithmetic in fuller layers, which
    on cifar10 learns from 1.65 times the pictures a second and is 2.5 points better for it.

    With `half` it computes in bfloat16 while learning, its weights and its answers in float32 all
    the same: 1.7 to 1.9 times as fast on processors with such instructions (AVX512-BF16).
    """

    def __init__(
        self,
        inputs: int,
        side: int,
        channels: int,
        generator: torch.Generator,
        half: bool = False,
    ) -> None:
        super().__init__()
        self.half_while_learning = half
        stride = 4 if side > HUGE else 2 if side > SMALL else 1
        channels = 2 * channels if SMALL < side <= LARGE else channels
        size = 5 if stride == 4 else 3
        layers: list[nn.Module] = [Convolution(inputs, channels, generator, size, stride)]
        side = -(-side // stride)
        stages = 3 if side > 2 * SMALLEST else 2
        for stage in range(stages):
            layers.append(Convolution(channels, 2 * channels, generator))
            channels *= 2
            if side >= SMALLEST:
                layers.append(nn.MaxPool2d(2))
                side //= 2
            if stage in (0, stages - 1):
                layers.append(Residual(channels, generator))
        self.layers = nn.Sequential(*layers)
        self.width = 2 * channels

    def forward(self, x: Tensor) -> Tensor:
        """The largest and the mean value of each channel of the last layer."""
        half = self.half_while_learning and self.training
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            x = self.layers(x)
        x = x.float() if half else x
        return torch.cat([x.amax((2, 3)), x.mean((2, 3))], 1)
