"""Gradient boosting on lags: the usual way of forecasting with trees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.kinds.contract import Array

LAGS = 12  # of the latest values
MOST_ROWS = 100_000  # windows x steps

Past = tuple[Array, Array, Array]  # the past (rows, length), its unit, what is known ahead


def boosted_on_lags(
    learnt: Past, values: Array, asked: Past, seasons: Sequence[int], seed: int
) -> Array:
    """Forecasts (rows, horizon) by one model for every step, which is told how far ahead it is."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    horizon = values.shape[1]
    level, unit = learnt[0][:, -1:], learnt[1][:, None]
    true = ((values - level) / unit).ravel()
    usable = np.flatnonzero(np.isfinite(true))
    if len(usable) > MOST_ROWS:
        usable = np.random.default_rng(seed).choice(usable, MOST_ROWS, replace=False)
    model = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=200, learning_rate=0.06, random_state=seed
    )
    with threadpool_limits(limits=1, user_api="openmp"):
        model.fit(_features(learnt, horizon, seasons)[usable], true[usable].clip(-1e3, 1e3))
        found = model.predict(_features(asked, horizon, seasons)).reshape(-1, horizon)
    return found * asked[1][:, None] + asked[0][:, -1:]


def _features(past: Past, horizon: int, seasons: Sequence[int]) -> Array:
    """(rows x horizon, features): the latest values, those of the same season, means, how far."""
    x = (past[0] - past[0][:, -1:]) / past[1][:, None]
    rows, length = x.shape
    lags = x[:, -min(LAGS + 1, length) : -1] if length > 1 else x
    spans = [max(seasons, default=8), length // 2, length]
    means = np.stack([x[:, -max(1, span) :].mean(1) for span in spans], 1)
    each = np.concatenate([lags, means], 1)
    columns = [np.repeat(each, horizon, 0), np.tile(np.arange(horizon), rows)[:, None]]
    for season in seasons:
        for back in (1, 2):
            place = length - back * season + np.arange(horizon) % season
            if place[0] >= 0:
                columns.append(x[:, place].reshape(-1, 1))
    known = past[2].reshape(rows * horizon, -1)
    return np.concatenate([*columns, known], 1)
