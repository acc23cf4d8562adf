"""The search for the most probable text, one token after the other, along a few beginnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pellucid.networks.layers.sequence import NOTHING

BEGIN, END = 1, 2  # tokens; 0 is padding
Step = Callable[[Tensor, Tensor], Tensor]


@dataclass
class Finished:
    """The best text of each row that has come to its end, and its mean log-probability a token."""

    score: Tensor  # (batch,)
    tokens: Tensor  # (batch, longest)

    def take(self, tokens: Tensor, means: Tensor) -> None:
        """Take over what is better: (batch, beams, length) written before an end."""
        highest, which = means.max(1)
        written = tokens[torch.arange(len(tokens)), which]
        room = self.tokens.shape[1] - written.shape[1]
        ended = nn.functional.pad(written, (0, room))
        ended[:, written.shape[1]] = END
        better = highest > self.score
        self.tokens = torch.where(better.unsqueeze(1), ended, self.tokens)
        self.score = torch.maximum(self.score, highest)


@torch.no_grad()
def best_text(step: Step, batch: int, beams: int, longest: int) -> Tensor:
    """(batch, 1 + length): mean log-probability a token, then the tokens with the mark of the end.

    `step(tokens, rows)` gives log-probabilities (batch, beams, vocabulary) of what follows the
    last tokens (batch, beams), whose beginnings were rows (batch * beams) of the step before. Of
    one beam the search is greedy.
    """
    scores = torch.full((batch, beams), NOTHING)
    scores[:, 0] = 0.0  # all beginnings are the same at first
    tokens = torch.full((batch, beams, 1), BEGIN)
    rows = torch.arange(batch * beams)
    finished = Finished(torch.full((batch,), 2 * NOTHING), torch.zeros(batch, longest).long())
    for length in range(1, longest + 1):
        logs = step(tokens[:, :, -1], rows)
        logs[:, :, :END] = NOTHING  # neither padding nor another beginning
        sums = scores.unsqueeze(2) + logs
        least = sums.flatten(1).topk(beams).values[:, -1:]
        ended = sums[:, :, END]
        far = (ended < least) & (length < longest)  # at the longest, all end
        finished.take(tokens[:, :, 1:], (ended / length).masked_fill(far, 2 * NOTHING))
        sums[:, :, END] = NOTHING
        scores, places = sums.flatten(1).topk(beams)
        if length == longest or bool((finished.score >= scores[:, 0] / length).all()):
            break
        parents = places // sums.shape[2]
        begun = tokens.gather(1, parents.unsqueeze(2).expand_as(tokens))
        tokens = torch.cat([begun, (places % sums.shape[2]).unsqueeze(2)], 2)
        rows = (torch.arange(batch).unsqueeze(1) * beams + parents).flatten()
    used = max(1, int((finished.tokens > 0).sum(1).max()))
    written = finished.tokens[:, :used].to(torch.float32)
    return torch.cat([finished.score.unsqueeze(1), written], 1)
