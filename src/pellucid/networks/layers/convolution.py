"""A picture to one vector: a small residual convolutional network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.normalisation import BatchNorm

SMALLEST = 8  # pixels of the shorter side that are still pooled
LARGE, HUGE = 48, 128  # pixels above which the first layer looks at every second, or fourth, place


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
    """Pictures (batch, in, height, width) -> (batch, `width`) by a network of nine layers.

    The family of ResNet-9 (Page 2018, "How to train your ResNet"): the channels double and the
    sides halve three times, with residual layers after the first and the last time. What is left
    of the places is taken at its largest and at its mean.
    """

    def __init__(self, inputs: int, side: int, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        stride = 4 if side > HUGE else 2 if side > LARGE else 1
        size = 5 if stride == 4 else 3
        layers: list[nn.Module] = [Convolution(inputs, channels, generator, size, stride)]
        side = -(-side // stride)
        for multiple, residual in ((2, True), (4, False), (8, True)):
            layers.append(Convolution(channels * multiple // 2, channels * multiple, generator))
            if side >= SMALLEST:
                layers.append(nn.MaxPool2d(2))
                side //= 2
            if residual:
                layers.append(Residual(channels * multiple, generator))
        self.layers = nn.Sequential(*layers)
        self.width = 16 * channels

    def forward(self, x: Tensor) -> Tensor:
        """The largest and the mean value of each channel of the last layer."""
        x = self.layers(x)
        return torch.cat([x.amax((2, 3)), x.mean((2, 3))], 1)
