"""Small data of every kind, and a network of usual size that has learnt from it for a moment."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from benchmarks import made

WORDS = (
    "a",
    "the",
    "film",
    "story",
    "of",
    "two",
    "old",
    "friends",
    "which",
    "was",
    "rather",
    "long",
)
JUDGED = {"splendid": "good", "moving": "good", "dull": "bad", "clumsy": "bad"}
SLOTS = {"film": ("the red house", "north", "rain"), "town": ("Leeds", "Oslo", "New York")}
ENGLISH = ("one red dogs", "two blue birds", "three old houses", "four red cats")
GERMAN = ("ein rote Hunde", "zwei blaue Vögel", "drei alte Häuser", "vier rote Katzen")
FRAMES, MEDIA_ROWS, RATE = 16, 40, 16_000


class Made(NamedTuple):
    """The rows, what is to be learnt, and the plan's numbers where they are not the usual."""

    rows: pl.DataFrame
    how: dict[str, Any]
    plan: dict[str, Any]


def make(name: str, folder: Path) -> tuple[Path, Path]:
    """The folder of the model and its table; made only if they are not there."""
    model, source = folder / f"{name}.pellucid", folder / f"{name}.csv"
    if not model.exists():
        import pellucid

        found = NETWORKS[name](folder)
        found.rows.write_csv(source)
        plan = _plan(**found.plan)
        learnt = pellucid.learn(source, **found.how, minutes=1, verbose=False, plan=plan)
        learnt.save(model)
    return model, source


def _plan(**changes: Any) -> Any:
    """As a first plan has it for a thousand rows, but for the steps."""
    from pellucid.networks.layers import Encoder
    from pellucid.networks.network import Body
    from pellucid.training.plan import Plan

    body = {"members": 8, "width": 128, "blocks": 2, "encoder": Encoder(channels=24, mirror=True)}
    body |= {key: changes.pop(key) for key in [k for k in changes if k in body]}
    usual = {
        "folds": 1, "batch": 32, "rate": 3e-3, "decay": 3e-4, "steps": 60, "evaluate_every": 20,
        "patience": 10, "threads": 1, "trees": 250,
    }  # fmt: skip
    return Plan(body=Body(**body), **{**usual, **changes})


def table(folder: Path) -> Made:
    """A class from numbers and categories, by eight deep networks."""
    return Made(made.small_mixed(), {"target": "left"}, {"folds": 5, "batch": 64})


def text(folder: Path) -> Made:
    """A class from texts of thirty words."""
    return Made(_texts(400), {"target": "said"}, {"folds": 4})


def _texts(rows: int) -> pl.DataFrame:
    draw = random.Random(0)
    judged = [draw.choice(sorted(JUDGED)) for _ in range(rows)]
    written = [" ".join([*draw.choices(WORDS, k=30), word]) for word in judged]
    return pl.DataFrame({"review": written, "said": [JUDGED[word] for word in judged]})


def picture(folder: Path) -> Made:
    """A class from colour pictures of 64 × 64."""
    seen = {"members": 2, "blocks": 0}
    rows = pl.DataFrame({"picture": _pictures(folder, MEDIA_ROWS), "side": _sides(MEDIA_ROWS)})
    return Made(rows, {"target": "side"}, seen)


def _sides(rows: int) -> list[str]:
    return ["bright" if number % 2 else "dark" for number in range(rows)]


def _pictures(folder: Path, rows: int) -> list[str]:
    from PIL import Image

    rng, names = np.random.default_rng(0), []
    for number in range(rows):
        pixels = rng.integers(60, 150, (64, 64, 3), np.uint8)
        pixels[:, :20] += np.uint8(100 * (number % 2))
        names.append(str(folder / f"picture-{number}.png"))
        Image.fromarray(pixels).save(names[-1])
    return names


def sound(folder: Path) -> Made:
    """A class from sounds of a second."""
    import soundfile

    names = [str(folder / f"sound-{number}.wav") for number in range(MEDIA_ROWS)]
    for number, name in enumerate(names):
        soundfile.write(name, _tone(300 if number % 2 else 1_500), RATE)
    rows = pl.DataFrame({"sound": names, "side": _sides(MEDIA_ROWS)})
    return Made(rows, {"target": "side"}, {"members": 2, "blocks": 0})


def _tone(frequency: float) -> np.ndarray[Any, Any]:
    time = np.arange(RATE) / RATE
    return (0.3 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def film(folder: Path) -> Made:
    """A class from films of 128 × 96 with sound."""
    rows = pl.DataFrame({"film": _films(folder, 24), "side": _sides(24)})
    return Made(rows, {"target": "side"}, {"members": 2, "blocks": 0, "batch": 8, "steps": 8})


def _films(folder: Path, rows: int) -> list[str]:
    rng, names = np.random.default_rng(0), []
    for number in range(rows):
        pixels = rng.integers(60, 120, (FRAMES, 96, 128, 3), np.uint8)
        pixels[FRAMES // 2 :] += np.uint8(100 * (number % 2))
        names.append(str(folder / f"film-{number}.avi"))
        _write_film(names[-1], pixels, _tone(200))
    return names


def _write_film(path: str, pixels: np.ndarray[Any, Any], wave: np.ndarray[Any, Any]) -> None:
    import av

    with av.open(path, "w") as container:
        seen = container.add_stream("mpeg4", rate=FRAMES)
        heard = container.add_stream("mp3", rate=RATE)
        seen.height, seen.width, seen.pix_fmt = *pixels.shape[1:3], "yuv420p"
        for number, picture_ in enumerate(pixels):
            frame = av.VideoFrame.from_ndarray(picture_, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES)
            container.mux(seen.encode(frame))
        container.mux(seen.encode())
        samples = (wave * 32_767).astype(np.int16)[None]
        sounds = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        sounds.sample_rate = RATE
        container.mux(heard.encode(sounds))
        container.mux(heard.encode())


def mix(folder: Path) -> Made:
    """A class from numbers, categories, texts and pictures."""
    count = 120
    beside = made.small_mixed(count).drop("left")
    rows = pl.concat([beside, _texts(count)], how="horizontal")
    rows = rows.with_columns(pl.Series("picture", _pictures(folder, count)))
    return Made(rows, {"target": "said"}, {"blocks": 1})


def tags(folder: Path) -> Made:
    """A tag for each word of a request, and its intent."""
    draw, rows = random.Random(0), []
    for _ in range(300):
        sort = draw.choice(sorted(SLOTS))
        value = draw.choice(SLOTS[sort]).split()
        words = ["please", "show", "me", *value, "today", *draw.choices(WORDS, k=4)]
        marks = ["O"] * 3 + [f"{'I' if k else 'B'}-{sort}" for k in range(len(value))] + ["O"] * 5
        rows.append((" ".join(words), " ".join(marks), sort))
    frame = pl.DataFrame(rows, ["said", "slots", "intent"], orient="row")
    return Made(frame, {"target": ["slots", "intent"]}, {})


def translation(folder: Path) -> Made:
    """A text written from a text."""
    draw, rows = random.Random(0), []
    for _ in range(300):
        some = draw.sample(range(len(ENGLISH)), 2)
        rows.append(tuple(" and ".join(each[k] for k in some) for each in (ENGLISH, GERMAN)))
    frame = pl.DataFrame(rows, ["english", "german"], orient="row")
    how = {"target": "german", "kinds": {"german": "text", "english": "text"}}
    return Made(frame, how, {"width": 256})


def forecast(folder: Path) -> Made:
    """The next 12 values of a monthly series."""
    months = np.arange(200)
    values = 10 + 3 * np.sin(months * np.pi / 6) + np.random.default_rng(0).normal(0, 0.3, 200)
    dates = [f"{2000 + month // 12}-{month % 12 + 1:02d}-01" for month in months.tolist()]
    frame = pl.DataFrame({"month": dates, "sold": values.round(3)})
    how = {"target": "sold", "time": "month", "horizon": 12}
    return Made(frame, how, {"members": 4, "width": 64})


def series(folder: Path) -> Made:
    """A class from lists of 200 numbers."""
    rng = np.random.default_rng(0)
    waves = [
        np.sin(np.arange(200) / (3 + 4 * (k % 2))) + rng.normal(0, 0.2, 200) for k in range(200)
    ]
    lists = [" ".join(f"{value:.3f}" for value in wave) for wave in waves]
    return Made(pl.DataFrame({"signal": lists, "side": _sides(200)}), {"target": "side"}, {})


NETWORKS: dict[str, Callable[[Path], Made]] = {
    each.__name__: each
    for each in (table, text, picture, sound, film, mix, tags, translation, forecast, series)
}
