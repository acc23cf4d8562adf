"""Small made-up tables, for what needs pictures, sounds, films, roads, phrases or strikes."""

from __future__ import annotations

import io
from functools import cache, cached_property
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pellucid.data.table import Table
from pellucid.lab.digits import ROWS, digits, png
from pellucid.lab.own import Own

Pixels = NDArray[np.float64]
RATE = 8_000
SIDE = 16  # pixels of a road or of a frame
FRAMES = 3  # of a film that are seen at once


class Example(Own):
    """A table that the lab makes; `steps` of descent teach a network what it needs."""

    steps = 200
    rate = 0.003


class Media(Example):
    """Of a digit in each row a picture, a sound as high and a film as fast as it is."""

    @cached_property
    def table(self) -> Table:
        """Films are left out where PyAV is not installed."""
        rows = 40
        cells = digits().table.take(range(rows), ["picture", "digit"])
        made: dict[str, Any] = {
            "picture": cells["picture"],
            "sound": [_tone(220 * 2 ** (int(digit) / 5)) for digit in cells["digit"]],
        }
        if films := _films([1 + int(digit) % 5 for digit in cells["digit"]]):
            made["film"] = films
        frame = pl.DataFrame({**made, "digit": cells["digit"]})
        return Table("made-up pictures, sounds and films", frame.lazy(), rows)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The digit."""
        return ("digit",)


class Roads(Example):
    """Pictures of a road from above its beginning, and how far the wheel must be turned."""

    steps = 250

    @cached_property
    def table(self) -> Table:
        """`wheel` is 30 degrees at the sharpest bend; shadows and grain differ from row to row."""
        draw = np.random.default_rng(0)
        bends = draw.uniform(-1, 1, ROWS // 2)
        pictures = [png(road(bend, draw)) for bend in bends]
        frame = pl.DataFrame({"camera": pictures, "wheel": np.round(30 * bends, 2)})
        return Table("made-up roads", frame.lazy(), frame.height)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The wheel's angle in degrees."""
        return ("wheel",)


class Strikes(Example):
    """Three frames of a bouncing ball side by side; whether it strikes the floor in the second."""

    steps, rate = 140, 0.004

    @cached_property
    def table(self) -> Table:
        """Balls of many heights and speeds."""
        draw = np.random.default_rng(0)
        pictures: list[bytes] = []
        strikes: list[str] = []
        while len(pictures) < 400:
            heights = bounces(draw)
            for at in range(1, len(heights) - 1):
                strikes.append("strike" if struck(heights, at) else "nothing")
                pictures.append(png(frames(heights, at, draw)))
        frame = pl.DataFrame({"frames": pictures, "sound": strikes})
        return Table("made-up films", frame.lazy(), frame.height)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """What is heard."""
        return ("sound",)


COUNTS = {"one": "ein", "two": "zwei", "three": "drei", "four": "vier"}
COLOURS = {"red": "rot", "old": "alt", "small": "klein", "new": "neu"}
THINGS = {"car": ("Auto", "Autos"), "house": ("Haus", "Häuser"), "book": ("Buch", "Bücher"),
          "horse": ("Pferd", "Pferde"), "bed": ("Bett", "Betten")}  # fmt: skip
DOINGS = {"i see": "ich sehe", "we buy": "wir kaufen", "she has": "sie hat"}


class Phrases(Example):
    """Phrases in English and German; adjectives and nouns change with the count."""

    steps, rate = 400, 0.006

    @cached_property
    def table(self) -> Table:
        """240 pairs in a drawn order."""
        pairs = [_phrase(*words) for words in product(DOINGS, COUNTS, COLOURS, THINGS)]
        order = np.random.default_rng(0).permutation(len(pairs))
        english, german = zip(*(pairs[place] for place in order), strict=True)
        frame = pl.DataFrame({"english": english, "german": german})
        return Table("made-up phrases", frame.lazy(), frame.height)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The German phrase."""
        return ("german",)


@cache
def example(name: str) -> Example:
    """One of them, made once."""
    made: dict[str, type[Example]] = {
        "media": Media,
        "roads": Roads,
        "strikes": Strikes,
        "phrases": Phrases,
    }
    return made[name]()


def road(bend: float, draw: np.random.Generator) -> Pixels:
    """(side, side) from 0 to 1: a bright road on dark ground that bends, most where it is far."""
    rows = np.linspace(1, 0, SIDE)[:, None]  # 1 is far away
    middle = SIDE / 2 + 0.42 * SIDE * bend * rows**1.6
    half = 0.24 * SIDE * (1 - 0.62 * rows)
    edge = np.clip(half - np.abs(np.arange(SIDE) + 0.5 - middle) + 0.5, 0, 1)
    light = draw.uniform(0.5, 0.9) * edge + draw.uniform(0.05, 0.3) * (1 - edge)
    return np.clip(light + draw.normal(0, 0.05, light.shape), 0, 1)


def bounces(draw: np.random.Generator, count: int = 40) -> Pixels:
    """The heights of a ball over time, 0 on the floor and 1 at the top."""
    height, speed = draw.uniform(0.4, 1.0), 0.0
    found = []
    for _ in range(count):
        found.append(height)
        speed -= 0.045
        height += speed
        if height < 0:
            height, speed = -height, -0.93 * speed
    return np.array(found)


def struck(heights: Pixels, at: int) -> bool:
    """Whether the ball turns from falling to rising at a moment."""
    return bool(heights[at] < heights[at - 1] and heights[at] <= heights[at + 1])


def frames(heights: Pixels, at: int, draw: np.random.Generator) -> Pixels:
    """(side, 3 x side): the moment before, the moment, the moment after."""
    return np.hstack([_ball(heights[at + k], draw) for k in range(-1, FRAMES - 1)])


def _ball(height: float, draw: np.random.Generator) -> Pixels:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    centre = (SIDE - 3) * (1 - min(height, 1.0)) + 2
    ball = np.clip(2.6 - np.hypot(rows - centre, columns - SIDE / 2), 0, 1)
    floor = (rows > SIDE - 1) * 0.5
    return np.clip(0.12 + 0.8 * ball + floor + draw.normal(0, 0.03, ball.shape), 0, 1)


def _phrase(doing: str, count: str, colour: str, thing: str) -> tuple[str, str]:
    singular, plural = THINGS[thing]
    many = count != "one"
    english = f"{doing} {count} {colour} {thing}{'s' if many else ''}"
    how, what = ("e", plural) if many else ("es", singular)
    return english, f"{DOINGS[doing]} {COUNTS[count]} {COLOURS[colour]}{how} {what}"


def _tone(frequency: float) -> bytes:
    """Half a second that begins and ends softly."""
    import soundfile

    time = np.arange(RATE // 2) / RATE
    wave = np.sin(2 * np.pi * frequency * time) * np.sin(np.pi * time / time[-1])
    file = io.BytesIO()
    soundfile.write(file, wave.astype(np.float32), RATE, format="WAV")
    return file.getvalue()


def _films(steps: list[int]) -> list[bytes]:
    """A square that moves to the right by so many pixels a frame."""
    try:
        import av
    except ImportError:
        return []
    found = []
    for step in steps:
        file = io.BytesIO()
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("mpeg4", rate=10)
            stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
            for number in range(12):
                pixels = np.full((32, 48, 3), 30, np.uint8)
                left = (4 + number * step) % 36
                pixels[10:22, left : left + 12] = (240, 170, 60)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
            container.mux(stream.encode())
        found.append(file.getvalue())
    return found
