"""Numbers: how they are written, what is odd about them, and what the layer makes of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pellucid.errors import Mends
from pellucid.kinds import recognise
from pellucid.kinds.cells import MISSING, number_style, numbers
from pellucid.kinds.number import Number


def fitted(*columns):
    return Number.fit(pl.DataFrame({f"c{i}": column for i, column in enumerate(columns)}))


def raw_of(kind, *columns):
    cells = pl.DataFrame({f"c{i}": column for i, column in enumerate(columns)}, strict=False)
    return {"number": torch.as_tensor(kind.encode(cells, Mends())["number"])}


def layer_of(kind, width=4):
    return kind.input_layer(width, torch.Generator().manual_seed(0)).eval()


def ranks(kind, values):
    """The share of the ramps that each value has climbed: its quantile among those learnt."""
    layer = layer_of(kind, 1)
    pieces = (kind.slope[0] > 0).sum()
    with torch.no_grad():
        layer.piecewise.weight.fill_(1 / pieces)
        layer.piecewise.linear.zero_()
        layer.piecewise.bias.zero_()
        return layer(raw_of(kind, values))[:, 0, 0].numpy()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["1.234,5", "2,25", "-3", "1.000.000"], [1234.5, 2.25, -3, 1e6]),
        (["$1,234.50", "$ 2.00", "-$3"], [1234.5, 2, -3]),
        (["12 %", "7.5%", "-1 %"], [12, 7.5, -1]),
        (["€ 5", "6 €", "1,250"], [5, 6, 1250]),
        (["1e3", " 2.5 ", "+4", "-0"], [1000, 2.5, 4, 0]),
        (["12,345", "1,000,000"], [12345, 1e6]),
        (["0,5", "12,75", "3"], [0.5, 12.75, 3]),
        (["0,126", "-1,250", "12,345"], [0.126, -1.25, 12.345]),
        (["0.126 €", "1.250 €"], [0.126, 1.25]),
        (["1 234,5", "3,25", "1\u202f234", "12\u00a0000"], [1234.5, 3.25, 1234, 12000]),
        (["1'234.50", "2", "1’000"], [1234.5, 2, 1000]),
        (["\u22125", "3.5"], [-5, 3.5]),
    ],
)
def test_numbers_are_read_as_people_write_them(written, meant):
    cells = pl.Series("c0", written)
    style, share = number_style(cells)
    assert share == 1
    assert numbers(cells, style).to_list() == meant
    kind, _ = recognise(cells)
    assert kind is Number
    np.testing.assert_allclose(raw_of(fitted(cells), cells)["number"][:, 0], meant, rtol=1e-6)


@pytest.mark.parametrize("word", [*MISSING, "NaN", "NULL", " N/A ", None])
def test_words_for_missing_are_missing_and_no_fault(word):
    cells = pl.Series("c0", ["1", word, "2"] * 10)
    kind, mends = fitted(cells), Mends()
    values = kind.encode(cells.to_frame(), mends)["number"][:, 0]
    assert np.isnan(values[1::3]).all()
    assert not mends.found
    assert kind.gaps[0] == pytest.approx(1 / 3)
    assert "33% missing" in kind.summary("c0")


def test_infinities_and_what_is_no_number_are_counted_and_missing():
    cells = pl.Series("c0", ["1", "inf", "2", "-inf", "three", "n/a"])
    kind, mends = fitted(["1", "2", "3"]), Mends()
    values = kind.encode(cells.to_frame(), mends)["number"][:, 0]
    np.testing.assert_array_equal(values, [1, np.nan, 2, np.nan, np.nan, np.nan])
    infinite, wrong = mends.found
    assert (infinite.fault, infinite.count) == ("an infinite number", 2)
    assert (wrong.fault, wrong.count) == ("not a number", 1)
    assert wrong.where == ("row 5: 'three'",)


def test_numbers_beyond_what_the_network_holds_are_counted():
    kind, mends = fitted(["1", "2", "3"]), Mends()
    kind.encode(pl.Series("c0", ["1", "1e308", "-2e39"]).to_frame(), mends)
    (mend,) = mends.found
    assert str(mend).startswith("column 'c0': 2 × a number too large, taken as ±3e+38")
    assert mend.where == ("row 2: '1e308'", "row 3: '-2e39'")


def test_infinite_cells_do_not_enter_the_fit():
    one = fitted([1.0, 2.0, 3.0, 4.0])
    other = fitted([1.0, 2.0, float("inf"), 3.0, 4.0, float("-inf"), None, float("nan")])
    assert one.centre == other.centre
    assert one.scale == other.scale
    np.testing.assert_array_equal(one.limits, other.limits)


def test_ramps_equal_a_numpy_reference():
    rng = np.random.default_rng(0)
    values = np.stack([rng.normal(100, 15, 300), rng.lognormal(0, 2, 300)], 1)
    kind = fitted(*values.T)
    layer = layer_of(kind, 3)
    with torch.no_grad():
        layer.piecewise.weight.normal_(generator=torch.Generator().manual_seed(1))
    got = layer(raw_of(kind, *values.T)).detach().numpy()
    weight, linear, bias = (
        getattr(layer.piecewise, name).detach().numpy() for name in ("weight", "linear", "bias")
    )
    for column in range(2):
        x = values[:, column]
        low, high = np.quantile(x, [0.25, 0.75])
        z = ((x - np.median(x)) / ((high - low) / 1.349)).clip(-30, 30)
        knots = np.quantile(z, np.linspace(0, 1, 49))
        ramps = np.clip((z[:, None] - knots[:-1]) / np.diff(knots), 0, 1)
        squashed = z / np.sqrt(1 + (z / 3) ** 2)
        want = squashed[:, None] * linear[column] + bias[column] + ramps @ weight[column]
        np.testing.assert_allclose(got[:, column], want, atol=2e-4)


@pytest.mark.parametrize("spread", [0.1, 1, 2, 4])
def test_the_ramps_together_give_the_quantile_however_heavy_the_tail(spread):
    values = np.random.default_rng(0).lognormal(0, spread, 5_000)
    kind = fitted(values)
    true = np.argsort(np.argsort(values)) / len(values)
    np.testing.assert_allclose(ranks(kind, values), true, atol=1.5 / 48)


def test_few_distinct_values_are_told_apart_exactly():
    kind = fitted([1.0, 5.0, 7.0] * 30)
    climbed = ranks(kind, [1.0, 5.0, 7.0, 0.0, 9.0, 3.0])
    np.testing.assert_allclose(climbed, [0, 0.5, 1, 0, 1, 0.25], atol=1e-6)


def test_values_that_float32_would_blur_are_still_told_apart():
    moments = 1.7e9 + np.arange(200.0)
    kind = fitted(moments)
    assert kind.precise
    vectors = layer_of(kind)(raw_of(kind, moments))[:, 0]
    assert (vectors.diff(dim=0).abs().amax(1) > 1e-3).all()
    assert not fitted(np.arange(200.0)).precise


def test_a_constant_column_is_harmless_and_shows_what_departs_from_it():
    kind = fitted([4.0] * 50)
    same, other, missing = layer_of(kind)(raw_of(kind, [4.0, 5.0, None]))[:, 0]
    assert not same.equal(other)
    assert not same.equal(missing)


def test_one_large_value_does_not_squeeze_the_others_together():
    values = [*np.linspace(0, 1, 100), 1e308]
    kind = fitted(values)
    assert 0.1 < kind.scale[0] < 10
    assert ranks(kind, [0.0, 0.5, 1.0]) == pytest.approx([0, 0.5, 1], abs=0.05)


def test_a_first_gap_at_prediction_finds_a_vector_that_was_trained():
    values = np.random.default_rng(0).normal(size=500)
    kind = fitted(values)
    assert kind.gaps[0] == 0
    layer = layer_of(kind).train()
    layer(raw_of(kind, values)).square().sum().backward()
    assert layer.missing.weight.grad.abs().sum() == 0  # it starts at 0, whose square is flat
    layer.zero_grad()
    layer(raw_of(kind, values)).sum().backward()
    assert 0 < layer.missing.weight.grad[0, 0] < 0.05 * len(values)
    layer.eval()
    assert layer(raw_of(kind, [None, 0.0])).isfinite().all()
    assert layer.features == 1  # no flag that the linear path could not have learnt


def test_gaps_that_were_learnt_have_a_flag_of_their_own():
    kind = fitted([1.0, None, 3.0], [1.0, 2.0, 3.0])
    index, value = layer_of(kind).terms(raw_of(kind, [None, 3.0], [None, 3.0]))
    assert index.tolist() == [[0, 1, 2]] * 2
    assert value[0].tolist() == [0, 0, 1]
    assert value[1, 2] == 0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=1),
    st.lists(st.none() | st.floats(), min_size=1, max_size=20),
)
@example([1e308, -1e308], [1e308])
@example([5e-324, 0.0], [1.0])
@example([1e300] * 3 + [None], [0.0, None])
@example([0.0, 0.0, 1.0, 6.2e-118, -8.3e190], [None])
def test_any_numbers_give_finite_vectors(learnt, later):
    kind = fitted(pl.Series(learnt, dtype=pl.Float64))
    layer = layer_of(kind)
    for cells in (learnt, later):
        raw = raw_of(kind, pl.Series(cells, dtype=pl.Float64))
        assert layer(raw).isfinite().all()
        assert layer.terms(raw)[1].isfinite().all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200))
def test_a_larger_number_never_climbs_fewer_ramps(values):
    kind = fitted(values)
    climbed = ranks(kind, np.sort(values))
    assert (np.diff(climbed) >= -1e-6).all()
    assert climbed.min() >= -1e-6
    assert climbed.max() <= 1 + 1e-6


def test_a_target_is_measured_in_its_own_units():
    cells = pl.Series("paid", [1000.0, 2000.0, 3000.0, 6000.0])
    kind = Number.fit_target(cells)
    target = kind.encode_target(cells)
    assert target.mean() == pytest.approx(0, abs=1e-6)
    assert target.std() == pytest.approx(1, abs=1e-6)
    output = np.stack([target - 100 / kind.scale[0], target * 0, target * 0], 1)
    metrics = kind.metrics(output, target)
    assert metrics["RMSE"] == pytest.approx(100, rel=1e-5)
    assert metrics["MAE"] == pytest.approx(100, rel=1e-5)
    assert metrics["R²"] == pytest.approx(1 - 100**2 / cells.to_numpy().var(), rel=1e-5)
    assert kind.simplest(target, target[:2])[0] == "mean"


def test_an_interval_is_decoded_around_the_mean():
    kind = Number.fit_target(pl.Series("paid", [10.0, 20.0, 30.0]))
    output = np.array([[0.0, 1.0, 2.0]])
    interval = kind.intervals(output)
    deviation = np.std([10, 20, 30])
    assert interval["low"][0] == pytest.approx(20 - deviation)
    assert interval["high"][0] == pytest.approx(20 + 2 * deviation)
    assert kind.decode(output).to_list() == [20]


def test_a_prediction_stays_near_the_range_that_was_learnt_from():
    kind = Number.fit_target(pl.Series("paid", [0.0, 50.0, 100.0]))
    wild = torch.tensor([[1e6], [-1e6]])
    deep = torch.cat([wild, torch.ones(2, 2)], 1)
    output = kind.blend_layer()(wild, wild, deep, deep).numpy()
    np.testing.assert_allclose(kind.decode(output).to_numpy(), [125, -25], rtol=1e-5)


@pytest.mark.parametrize("right", [0, 1, 2, 3])
def test_the_blend_leans_on_the_path_that_is_right(right):
    rng = np.random.default_rng(0)
    y = torch.tensor(rng.normal(size=400), dtype=torch.float32)
    paths = [torch.tensor(rng.normal(size=(400, 1)), dtype=torch.float32) for _ in range(4)]
    paths[right] = y.unsqueeze(1)
    paths[2] = torch.cat([paths[2], torch.full((400, 2), 2.0)], 1)
    paths[3] = torch.cat([paths[3], torch.ones(400, 2)], 1)
    state = Number.fit_target(pl.Series("paid", y.numpy())).fit_blend(paths, y)
    want = [float(path == right) for path in range(4)]
    assert state["weights"].tolist() == pytest.approx([*want, 0], abs=0.02)
    if right >= 2:  # the interval is that of the network that is right
        assert float(state["share"]) == pytest.approx(float(right == 2), abs=0.05)


def covered(layer, paths, y):
    """The share of the answers that lie in their intervals."""
    mean, below, above = layer(*paths).T
    return float(((y >= mean - below) & (y <= mean + above)).double().mean())


@pytest.mark.parametrize("told", [0.01, 5.0])
def test_the_margin_makes_intervals_cover_90_percent_whatever_the_network_says(told):
    rng = np.random.default_rng(0)
    kind = Number.fit_target(pl.Series("paid", [-4.0, 0.0, 4.0]))
    layer = kind.blend_layer()

    def paths(rows):
        mean = torch.tensor(rng.normal(size=(rows, 1)), dtype=torch.float32)
        y = mean[:, 0] + torch.tensor(rng.normal(size=rows), dtype=torch.float32)
        deep = torch.cat([mean, torch.full((rows, 2), told)], 1)
        return (mean, torch.zeros(rows, 1), torch.zeros(rows, 3), deep), y

    layer.load_state_dict(kind.fit_blend(*paths(2_000)))
    assert covered(layer, *paths(5_000)) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("rows", [20, 60])
def test_a_blend_fitted_to_few_rows_does_not_make_the_interval_narrow(rows):
    rng = np.random.default_rng(0)
    kind = Number.fit_target(pl.Series("paid", [-4.0, 0.0, 4.0]))
    layer = kind.blend_layer()

    def paths(rows):
        y = torch.tensor(rng.normal(size=rows), dtype=torch.float32)
        said = [y + torch.tensor(rng.normal(size=rows), dtype=torch.float32) for _ in "1234"]
        spans = torch.ones(rows, 2)
        linear, trees, table, deep = (mean.unsqueeze(1) for mean in said)
        return (linear, trees, torch.cat([table, spans], 1), torch.cat([deep, spans], 1)), y

    shares = []
    for _ in range(300):
        layer.load_state_dict(kind.fit_blend(*paths(rows)))
        shares.append(covered(layer, *paths(200)))
    assert np.mean(shares) > 0.89
