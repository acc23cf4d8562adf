"""Layers that give each word of a sentence a tag."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.embedding import Embedding
from pellucid.networks.layers.ensemble import Linear
from pellucid.networks.layers.input import Tensors
from pellucid.networks.layers.recurrent import Recurrent
from pellucid.networks.layers.sequence import NOTHING, TokenConvolution

BYTES = 257  # values of a letter, 0 for none
WORD, LETTER = 96, 32  # widths of a word's vector and of a letter's
UNKNOWN = 1
TINY = 1e-30
LARGE = 5.0  # inputs of the linear model


class Words(nn.Module):
    """Words by their number and by their letters -> (batch, length, width).

    A word's letters are convolved and the largest values kept (Ma and Hovy 2016), so that a word
    never seen still says something.
    """

    def __init__(self, words: int, letters: int, generator: torch.Generator) -> None:
        super().__init__()
        self.letters = letters  # of one word
        self.embedding = Embedding(words, WORD, generator)
        self.spelling = Embedding(BYTES, LETTER, generator)
        self.convolution = TokenConvolution(LETTER, 2 * LETTER, 3, generator)
        self.unknown = Dropout(0.05)
        self.width = WORD + 2 * LETTER

    def forward(self, numbers: Tensor, letters: Tensor) -> Tensor:
        """(batch, length) and (batch, length * letters); while training some are made unknown."""
        batch, length = numbers.shape
        if self.training:
            hidden = self.unknown.dropped(numbers.float()) & (numbers > 0)
            numbers = numbers.masked_fill(hidden, UNKNOWN)
        short = length * self.letters - letters.shape[1]  # where no row has a word
        spelt = nn.functional.pad(letters, (0, short)).view(batch * length, self.letters)
        there = (spelt > 0).unsqueeze(-1)
        convolved = self.convolution(self.spelling(spelt) * there).relu() * there
        shape = convolved.amax(1).view(batch, length, -1)
        return torch.cat([self.embedding(numbers), shape], -1)


class Window(nn.Module):
    """A linear model on features of each word and of those around it, as a random field has.

    It starts at 0 and learns with the rest. Its inputs are large, so that it is quick: what the
    words around tell need not wait for the recurrent layers.
    """

    def __init__(self, slots: int, features: int, tags: int) -> None:
        super().__init__()
        self.features = features  # of each word
        self.dropout = Dropout(0.4)
        self.weight = nn.Parameter(torch.zeros(slots + 1, tags))

    def forward(self, slots: Tensor, length: int) -> Tensor:
        """(batch, length * features) -> (batch, length, tags)."""
        short = length * self.features - slots.shape[1]
        each = nn.functional.pad(slots, (0, short)).view(-1, self.features)
        kept = self.dropout(torch.ones(each.shape)) * (each > 0)
        summed = nn.functional.embedding_bag(each, self.weight, per_sample_weights=kept, mode="sum")
        return LARGE * summed.view(len(slots), length, -1)


class Tagger(nn.Module):
    """The sentence read in both directions, then one score a tag for each word.

    Beside the words it sees the hidden layers, through which the other columns speak. Dropout and
    two layers as in Reimers and Gurevych 2017.
    """

    def __init__(
        self, words: Words, window: Window, keys: tuple[str, str, str], legal: Tensor,
        sizes: tuple[int, int], generator: torch.Generator,
    ) -> None:  # fmt: skip
        """`keys` name the raw words, letters and features; `sizes` are width and units."""
        super().__init__()
        width, units = sizes
        self.words, self.window, self.keys = words, window, keys
        self.context = Linear(width, words.width, generator)
        self.dropout = Dropout(0.35)
        self.first = Recurrent(words.width, units, generator)
        self.second = Recurrent(2 * units, units, generator)
        self.scores = Linear(2 * units, len(legal) - 1, generator)
        self.field = RandomField(legal)

    def forward(self, hidden: Tensor, raw: Tensors, answer: Tensor | None = None) -> Tensor:
        """Log-probabilities (1, batch, length, tags), all 0 at the padding.

        With the answer: of each row the loss summed over its words and how many these are.
        """
        numbers, letters, slots = (raw[key] for key in self.keys)
        real = numbers > 0
        lengths = real.sum(1).clamp(min=1)
        x = self.words(numbers, letters) + self.context(hidden.mean(0)).unsqueeze(1)
        x = self.first.run(self.dropout(x), lengths)
        x = self.second.run(self.dropout(x), lengths)
        scores = self.scores(self.dropout(x)) + self.window(slots, numbers.shape[1])
        if answer is None:
            return self.field.marginals(scores, real).unsqueeze(0)
        losses = self.field.surprise(scores, real, (answer - 1).clamp(min=0))
        return torch.stack([losses, real.sum(1)], 1).unsqueeze(0)


class RandomField(nn.Module):
    """A linear chain over tags: what follows what is learnt too (Lafferty et al. 2001).

    Tag 0 of the transitions stands for both ends of a sentence. What is not legal has no weight
    in the sum over all sequences.
    """

    legal: Tensor

    def __init__(self, legal: Tensor) -> None:
        super().__init__()
        self.register_buffer("legal", legal, persistent=False)
        self.transitions = nn.Parameter(torch.zeros(legal.shape))

    def surprise(self, scores: Tensor, real: Tensor, tags: Tensor) -> Tensor:
        """Minus the log-probability of each row's tags: (batch,)."""
        ways = self.transitions
        last = (real.sum(1) - 1).clamp(min=0).unsqueeze(1)
        chosen = scores.gather(2, tags.unsqueeze(2)).squeeze(2) * real
        steps = ways[tags[:, :-1] + 1, tags[:, 1:] + 1] * real[:, 1:]
        ends = ways[0, tags[:, 0] + 1] + ways[tags.gather(1, last).squeeze(1) + 1, 0]
        score = chosen.sum(1) + steps.sum(1) + ends
        forward = self._forward(scores, real)[-1]
        everything = (forward + self._weights()[1:, 0].log()).logsumexp(1)
        return (everything - score) * real[:, 0]

    def marginals(self, scores: Tensor, real: Tensor) -> Tensor:
        """The log-probability of each tag of each word, 0 at the padding."""
        forward = torch.stack(self._forward(scores, real), 1)
        backward = torch.stack(self._backward(scores, real), 1)
        return (forward + backward).log_softmax(-1) * real.unsqueeze(-1)

    def _weights(self) -> Tensor:
        return (self.transitions.clamp(-20, 20).exp() * self.legal).clamp(min=TINY)

    def _forward(self, scores: Tensor, real: Tensor) -> list[Tensor]:
        """Of every place the log-sum over all ways to each tag; padding repeats the last word."""
        weights = self._weights()
        sums = [scores[:, 0] + weights[0, 1:].log()]
        for place in range(1, scores.shape[1]):
            further = _log_product(sums[-1], weights[1:, 1:]) + scores[:, place]
            sums.append(torch.where(real[:, place, None], further, sums[-1]))
        return sums

    def _backward(self, scores: Tensor, real: Tensor) -> list[Tensor]:
        """Of every place the log-sum over all ways from each tag to the end."""
        weights = self._weights()
        sums = [weights[1:, 0].log().expand_as(scores[:, 0])]
        for place in range(scores.shape[1] - 1, 0, -1):
            further = _log_product(sums[-1] + scores[:, place], weights[1:, 1:].T)
            sums.append(torch.where(real[:, place, None], further, sums[-1]))
        return sums[::-1]


def _log_product(logs: Tensor, weights: Tensor) -> Tensor:
    """log(exp(logs) weights) without overflow."""
    highest = logs.amax(1, keepdim=True)
    return ((logs - highest).exp() @ weights).clamp(min=TINY).log() + highest


def most_probable(logs: Tensor, legal: Tensor) -> Tensor:
    """The most probable legal sequence of tags (Viterbi 1967).

    `logs` (batch, length, tags), 0 at the padding; `legal` (tags + 1, tags + 1), whose place 0 is
    the end of a sentence. Tags come as (batch, length) from 1 up, 0 at the padding.
    """
    real = (logs != 0).any(-1)  # (batch, length)
    barred = torch.zeros(legal.shape).masked_fill(~legal, NOTHING)
    inner = barred[1:, 1:]
    best = logs[:, 0] + barred[0, 1:]  # (batch, tags) of the best way to each tag
    ways = []
    for position in range(1, logs.shape[1]):
        highest, way = (best.unsqueeze(2) + inner).max(1)
        going = real[:, position, None]
        itself = torch.arange(way.shape[1]).expand_as(way)
        best = torch.where(going, highest + logs[:, position], best)
        ways.append(torch.where(going, way, itself))
    tag = (best + barred[1:, 0]).argmax(1)
    tags = [tag]
    for way in reversed(ways):
        tag = way.gather(1, tag.unsqueeze(1)).squeeze(1)
        tags.append(tag)
    return (torch.stack(tags[::-1], 1) + 1) * real
