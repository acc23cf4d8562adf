"""Layers that hear and watch: against formulas and SciPy, seeded by the step, blind to padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.fft import dct

from pellucid.media import sounds
from pellucid.networks.layers import Encoder, hearing, random_layers, seed_layers
from pellucid.networks.layers.hearing import NOTHING, Hearing, SoundStatistics, WindowChoice
from pellucid.networks.layers.spectrogram import (
    BANDS,
    COEFFICIENTS,
    CepstrumStatistics,
    LogMel,
    SpectrogramAugmentation,
    mel_weights,
)
from pellucid.networks.layers.watching import (
    FilmStatistics,
    MomentChoice,
    TemporalAttention,
    Watching,
)
from sounding import moving_square, tone


def generator():
    return torch.Generator().manual_seed(0)


def samples(wave, length=8_000):
    """One sound of one window: (1, 1, length)."""
    return torch.from_numpy(sounds.padded(sounds.as_samples(wave), length)).view(1, 1, -1)


def test_layers_and_decoders_agree_on_what_is_not_there():
    assert NOTHING == sounds.NOTHING


def test_mel_bands_are_equally_wide_in_mel_and_cover_every_frequency():
    weights = mel_weights(16_000, 1_024)
    assert weights.shape == (BANDS, 513)
    frequencies = np.arange(513) * 16_000 / 1_024
    peaks = 2595 * np.log10(1 + frequencies[weights.argmax(1)] / 700)
    steps = np.diff(peaks[20:])
    assert steps.std() < 0.15 * steps.mean()
    inside = (frequencies > 60) & (frequencies < 7_600)
    np.testing.assert_allclose(weights.sum(0)[inside], 1, atol=1e-5)


@pytest.mark.parametrize("frequency", [300, 1_000, 2_500])
def test_a_tone_lights_up_its_own_band_in_every_frame(frequency):
    layer = LogMel(8_000)
    spectrogram = layer(torch.from_numpy(tone(frequency, 1.0)).unsqueeze(0))[0]
    assert spectrogram.shape == (BANDS, 100)
    lowest, highest = (2595 * np.log10(1 + f / 700) for f in (20, 4_000))
    place = (2595 * np.log10(1 + frequency / 700) - lowest) / (highest - lowest) * (BANDS + 1) - 1
    assert (spectrogram[:, 5:95].argmax(0) - place).abs().max() <= 1


def test_power_is_that_of_the_fourier_transform():
    layer, wave = LogMel(8_000), torch.randn(1, 800, generator=generator())
    frame = wave[0, 340:540] * torch.hann_window(200)  # frame 5: its middle is sample 440
    power = np.abs(np.fft.rfft(frame.numpy(), layer.size)) ** 2
    expected = np.log(mel_weights(8_000, layer.size).numpy() @ power + 1e-6)
    np.testing.assert_allclose(layer(wave)[0, :, 5], expected, atol=1e-3)


def test_cepstra_are_the_cosine_transform_and_their_statistics_pass_over_padding():
    layer = CepstrumStatistics()
    spectrogram = torch.randn(2, BANDS, 30, generator=generator())
    real = torch.ones(2, 30)
    real[1, 20:] = 0
    found = layer(spectrogram, real)
    cepstrum = dct(spectrogram.numpy(), axis=1, norm="ortho")[:, :COEFFICIENTS]
    cepstrum[:, 0] *= 2**0.5  # the transform here scales all alike
    for row, frames in ((0, 30), (1, 20)):
        own = cepstrum[row, :, :frames]
        change = np.diff(own)
        expected = [own.mean(1), own.std(1), own.max(1), np.abs(change).mean(1), change.std(1)]
        np.testing.assert_allclose(found[row], np.concatenate(expected), atol=1e-4)


def test_statistics_do_not_depend_on_how_much_stands_behind_the_end():
    layer = SoundStatistics(8_000)
    short, long = samples(tone(seconds=0.5), 4_000), samples(tone(seconds=0.5), 16_000)
    torch.testing.assert_close(layer(short)[:, :40], layer(long)[:, :40], rtol=0, atol=0.4)
    assert (layer(samples(np.zeros(0, np.float32))) == 0).all()


def test_many_long_sounds_are_transformed_a_few_at_a_time_with_the_same_numbers(monkeypatch):
    layer = SoundStatistics(8_000)
    sizes = []
    layer.spectrum.log_mel.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    windows = torch.randint(-9_000, 9_000, (4, 3, 8_000), dtype=torch.int16, generator=generator())
    whole = layer(windows)
    assert sizes == [12]
    monkeypatch.setattr(hearing, "MOST_SAMPLES", 5 * 8_000 + 1)
    assert torch.equal(layer(windows), whole)
    assert sizes == [12, 5, 5, 2]


def test_louder_by_a_factor_moves_only_the_zeroth_coefficient():
    layer = SoundStatistics(8_000)
    noise = np.random.default_rng(0).normal(0, 0.05, 4_000).astype(np.float32)
    change = layer.raw(samples(4 * noise, 4_000)) - layer.raw(samples(noise, 4_000))
    assert change[0, 0] == pytest.approx(2 * np.log(4) * BANDS * (2 / BANDS) ** 0.5, rel=0.02)
    assert change[0, 1:COEFFICIENTS].abs().max() < 0.1


def augmented(step):
    layer = SpectrogramAugmentation().train()
    seed_layers(random_layers(layer), 3, step)
    return layer(torch.randn(4, BANDS, 50, generator=generator()))


def test_augmentation_repeats_by_step_differs_between_steps_and_ends_with_training():
    assert augmented(1).equal(augmented(1))
    assert not augmented(1).equal(augmented(2))
    x = torch.randn(4, BANDS, 50, generator=generator())
    assert SpectrogramAugmentation().eval()(x) is x


def test_augmentation_blanks_bands_and_moves_what_is_left():
    layer = SpectrogramAugmentation().train()
    layer.generator.manual_seed(0)
    x = torch.full((200, BANDS, 50), 3.0)
    x[:, 30:34] = 9.0
    made = layer(x)
    blank = (made == 0).float()
    share = blank.mean()
    assert 0.1 < share < 0.4
    whole_rows = (blank.mean(2) == 1).float().mean()
    assert 0.03 < whole_rows < 0.3
    peak = made.mean(2).argmax(1).float()
    assert peak.std() > 1.5  # higher and lower voices
    assert (peak.median() - 31.5).abs() < 2


def test_while_training_one_window_is_heard_later_all_of_them():
    layer = WindowChoice().train()
    seed_layers([layer], 0, 0)
    windows = torch.arange(12, dtype=torch.int16).view(1, 4, 3).expand(50, 4, 3)
    drawn = layer(windows)
    assert drawn.shape == (50, 1, 3)
    assert sorted(set(drawn[:, 0, 0].tolist())) == [0, 3, 6, 9]
    assert layer.eval()(windows) is windows


def test_what_is_heard_in_windows_is_averaged():
    hearing = Hearing(8_000, 4_000, Encoder(8), generator()).eval()
    low, high = (samples(tone(f, 0.5), 4_000) for f in (300, 900))
    together = hearing(torch.cat([low, high], 1))
    assert together.shape == (1, hearing.width)
    torch.testing.assert_close(together, (hearing(low) + hearing(high)) / 2)


def films(**how):
    """A film whose square moves to the right, then one whose square moves to the left."""
    pixels = moving_square(17, **how)
    right = np.stack([pixels[:-1], pixels[1:]], 1)[::2]
    left = np.stack([pixels[1:], pixels[:-1]], 1)[::-2]
    return torch.from_numpy(np.stack([right, left]).copy())


def test_statistics_of_a_film_tell_colour_amount_and_direction_of_motion():
    found = FilmStatistics()(films(step=2))
    assert found.shape == (2, FilmStatistics.features)
    assert found.isfinite().all()
    torch.testing.assert_close(found[:, :24].sum(1), torch.full((2,), 3.0))
    assert (found[:, 7] > 0.04).all()  # much red
    assert (found[:, 15] == 0).all()  # no green as bright
    moved = found[:, 24:30]
    assert (moved.diff(dim=1) <= 1e-6).all()
    assert moved[0, 0] > 0.01
    right, left = found[:, 30:38]
    assert right[0] > 2 * right[4]
    assert left[4] > 2 * left[0]
    still = FilmStatistics()(films(step=0))
    assert still[:, 24:38].abs().max() < 1e-3


def test_attention_weighs_moments_and_starts_from_their_mean():
    layer = TemporalAttention(5, 8, generator())
    x = torch.randn(3, 5, 8, generator=generator())
    moments = torch.arange(5).unsqueeze(0)
    out = layer(x, moments)
    assert out.shape == (3, 16)
    torch.testing.assert_close(out[:, :8], out[:, 8:])
    with torch.no_grad():
        layer.query.fill_(3.0)
    assert not torch.allclose(layer(x, moments)[:, :8], layer(x, moments)[:, 8:])


def test_while_training_every_second_moment_is_watched_later_all_of_them():
    layer = MomentChoice().train()
    seed_layers([layer], 0, 0)
    frames = torch.arange(8).view(1, 8, 1).expand(40, 8, 3)
    chosen, moments = layer(frames)
    assert chosen.shape == (40, 4, 3)
    assert chosen[..., 0].equal(moments)
    assert {tuple(row) for row in moments.tolist()} == {(0, 2, 4, 6), (1, 3, 5, 7)}
    everything, moments = layer.eval()(frames)
    assert everything is frames
    assert moments.tolist() == [list(range(8))]


@pytest.mark.parametrize("shrink", [1, 2])
def test_a_film_is_distorted_as_a_whole_and_only_while_training(shrink):
    encoder = Encoder(channels=8, shrink=shrink, mirror=True, distort=True)
    layer = Watching(8, 48, encoder, generator())
    frames = films()
    assert layer.eval()(frames).equal(layer(frames))
    layer.train()
    seed_layers(random_layers(layer), 0, 0)
    first = layer(frames)
    seed_layers(random_layers(layer), 0, 1)
    assert not first.equal(layer(frames))
    still = frames[:, :1].expand(-1, 8, -1, -1, -1, -1).contiguous()
    views = layer._views(still)
    moved = layer.augmentation(views.flatten(1, 2)).unflatten(1, (8, 6))
    torch.testing.assert_close(moved, moved[:, :1].expand_as(moved))
