"""What was asked of `learn`, in one's own words or another library's, looked over at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from pellucid.errors import UsageError


def other_words(
    words: Mapping[str, Any], target: Any, minutes: Any, seed: Any
) -> tuple[list[str], float, int]:
    """The words of other libraries, and what is plainly wrong with a request."""
    unknown = set(words) - {"label", "time_limit", "random_state"}
    if unknown:
        raise UsageError(
            f"learn() knows no {', '.join(sorted(unknown))}; see help(pellucid.learn)."
        )
    seed = words.get("random_state", seed)
    given = words.get("label", target)
    names = [] if given is None else _names(given)
    if len(set(names)) < len(names):
        raise UsageError(f"A target is named twice: {', '.join(names)}.")
    if "time_limit" in words:
        minutes = _number("time_limit", words["time_limit"]) / 60
    if not 0 < _number("minutes", minutes) < 1e6:
        raise UsageError(f"minutes must be a number above 0, however: minutes={minutes}.")
    if not isinstance(seed, Integral | None) or not 0 <= int(seed or 0) < 2**32:
        word = "random_state" if "random_state" in words else "seed"
        raise UsageError(f"{word} must be a whole number from 0 to {2**32 - 1}, however: {seed!r}.")
    return names, float(minutes), int(seed or 0)


def horizon_asked(
    horizon: Any, series: str | None, known: tuple[str, ...], others: tuple[Any, Any, Any]
) -> int | None:
    """The steps to forecast, None where nothing is; UsageError for what does not go together."""
    test, group, time = others
    if horizon is None:
        if series is not None or known:
            raise UsageError(
                "series and known are for forecasts; say how far: horizon (--horizon)."
            )
        return None
    if (
        isinstance(horizon, bool)
        or not isinstance(horizon, Integral)
        or not 0 < int(horizon) <= 1_000
    ):
        raise UsageError(f"horizon must be a whole number from 1 to 1,000, however: {horizon!r}.")
    if time is None:
        raise UsageError("A forecast needs the time column: name it with time (--time day).")
    if test is not None or group is not None:
        raise UsageError(
            "A forecast is proved on the latest steps of the table itself, so it takes neither "
            "test nor group; name the column of the series with series."
        )
    return int(horizon)


def metric_asked(metric: Any) -> str | None:
    """The name of a measure of performance, None where the target's own will do."""
    if metric is not None and not isinstance(metric, str):
        raise UsageError(f'metric names a measure, such as "MAE"; it is {metric!r}.')
    return metric


def _names(given: Any) -> list[str]:
    if isinstance(given, str | list | tuple) and not given:
        raise UsageError("Say what to predict: name a column with target (--target).")
    return [str(name) for name in given] if isinstance(given, list | tuple) else [str(given)]


def several(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name, or several."""
    return (given,) if isinstance(given, str) else tuple(given)


def _number(word: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UsageError(f"{word} must be a number, however: {word}={value!r}.")
    return float(value)
