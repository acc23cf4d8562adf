"""Subwords: a tokenizer by byte-pair encoding, learnt from the cells themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SAMPLE = 20_000_000  # characters that a tokenizer learns from
PADDING = "[PAD]"


def train_tokenizer(
    columns: Sequence[pl.Series], pieces: int, lower: bool = True, marks: Sequence[str] = ()
) -> Tokenizer:
    """Byte-level byte-pair encoding (Sennrich et al. 2016): no letter is unknown to it.

    With `lower=False` what is written can be had back: letters are only composed (NFC).
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=PADDING))
    folded = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.normalizer = folded if lower else normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces,
        min_frequency=2,
        special_tokens=[PADDING, *marks],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=24,
    )
    tokenizer.train_from_iterator(_sample(columns), trainer)
    return tokenizer


def _sample(columns: Sequence[pl.Series]) -> list[str]:
    sample: list[str] = []
    for series in columns:
        room = SAMPLE // len(columns)
        for text in series.to_list():
            room -= len(text)
            if room < 0:
                break
            sample.append(text[:100_000])
    return sample
