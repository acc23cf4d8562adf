"""How much of a true text a written one has: BLEU and chrF as sacreBLEU counts them (Post 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from pellucid.kinds.contract import Array

ORDER = 4  # the longest n-grams


def bleu_counts(written: Sequence[str], true: Sequence[str]) -> Array:
    """(rows, 2 + 2 * ORDER): words written and true, n-grams that are right, that were written."""
    rows = []
    for text, reference in zip(written, true, strict=True):
        found = _by_sentence().sentence_score(text, [reference])
        rows.append([found.sys_len, found.ref_len, *found.counts, *found.totals])
    return np.array(rows, float).reshape(-1, 2 + 2 * ORDER)


def bleu(counts: Array) -> Array:
    """The score of sums of counts (…, 2 + 2 * ORDER)."""
    flat = counts.reshape(-1, counts.shape[-1])
    return np.array([_score(row) for row in flat]).reshape(counts.shape[:-1])


def sentence_bleu(text: str, reference: str) -> float:
    """Of one text, by the orders of n-grams that it is long enough for."""
    return float(_by_sentence().sentence_score(text, [reference]).score)


def chrf(written: Sequence[str], true: Sequence[str]) -> float:
    """The F-score of character n-grams (Popović 2015)."""
    return float(_chrf().corpus_score(list(written), [list(true)]).score)


def signature() -> str:
    """What has to be the same for scores to be compared."""
    bleu_, chrf_ = _metric("BLEU"), _chrf()
    for metric in (bleu_, chrf_):
        metric.corpus_score(["a"], [["a"]])
    return f"BLEU {bleu_.get_signature()}; chrF {chrf_.get_signature()}"


def _score(counts: Array) -> float:
    words, true, *grams = (round(number) for number in counts.tolist())
    return float(
        _by_sentence().compute_bleu(grams[:ORDER], grams[ORDER:], words, true, "exp").score
    )


@cache
def _by_sentence() -> Any:
    return _metric("BLEU", effective_order=True)


@cache
def _chrf() -> Any:
    return _metric("CHRF")


def _metric(name: str, **options: Any) -> Any:
    from sacrebleu import metrics

    return getattr(metrics, name)(**options)
