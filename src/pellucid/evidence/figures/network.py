"""The network as a picture: what goes in, the ways through it, what comes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from pellucid.evidence.document import Document, Layer
from pellucid.evidence.figures.svg import (
    NARROW,
    Drawing,
    Figure,
    Table,
    bar,
    drawn,
    element,
    fit,
    label,
    line,
)
from pellucid.evidence.numerals import brief, count, counted

WAYS = {
    "deep": "by gradient descent",
    "tables": "plain columns alone",
    "linear": "a weight per feature",
    "trees": "question by question",
}
GAP = 10.0  # pixels between boxes
BOX, WAY, BAND = 40.0, 148.0, 30.0  # heights
ARROW = 22.0
MOST_SIZES, SIZE_ROOM = 4, 44.0


@dataclass(frozen=True)
class _Way:
    """A box between inputs and answer."""

    name: str
    networks: int  # alike
    members: int
    parameters: int  # of all networks
    sizes: list[int] = field(default_factory=list)  # of the vectors from layer to layer

    @property
    def title(self) -> str:
        """'deep × 4'."""
        return self.name if self.networks == 1 else f"{self.name} × {self.networks}"


def network_picture(document: Document) -> Figure:
    """Boxes from the columns down to the answers, and the layers as a table, alike ones once."""
    layers = document["plan"]["network"]
    kinds = Counter(column["kind"] for column in document["data"]["columns"])
    inputs = [f"{number} × {kind}" for kind, number in kinds.items()]
    ways, answers = _ways(layers), list(document["targets"])
    title = "The network"
    description = "Boxes from top to bottom: " + "; ".join(
        (", ".join(inputs), ", ".join(way.title for way in ways), ", ".join(answers))
    )
    drawing = drawn(lambda width: _draw(inputs, ways, answers, width), title, description)
    rows = tuple(
        (layer["layer"], _said(layer["type"]), _shapes(layer["shape"]), count(layer["parameters"]))
        for layer in _distinct(layers)
    )
    table = Table(("layer", "what it is", "its tensors", "parameters"), rows, class_="layers")
    return Figure(title, _caption(ways), drawing, table)


def _ways(layers: Sequence[Layer]) -> list[_Way]:
    found = []
    for name in WAYS:
        mine = [layer for layer in layers if layer["layer"].startswith(f"{name}.")]
        if all(map(_says_nothing, mine)):
            continue
        members = [layer["shape"] for layer in mine if layer["type"] == "EnsembleScale"]
        first = [layer for layer in mine if layer["layer"].startswith(f"{name}.0.")]
        hidden = [layer for layer in first if ".0.hidden." in layer["layer"]]
        wide = [layer["shape"][0] for layer in hidden if layer["type"] == "Linear"]
        sizes = [members[0][0][-1], *(shape[0] for shape in wide)] if members else []
        sizes += [layer["shape"][0][0] for layer in mine[:1] if layer["type"] == "SparseLinear"]
        networks = len({layer["layer"].split(".")[1] for layer in mine}) if members else 1
        parameters = sum(layer["parameters"] for layer in mine)
        found.append(_Way(name, networks, members[0][0][0] if members else 1, parameters, sizes))
    return found


def _says_nothing(layer: Layer) -> bool:
    """Whether it stands in a way's place where there is none: no path, or no tree has grown."""
    none = layer["type"] == "Trees" and [0] in layer["shape"]
    return none or layer["type"] == "NoPath"


def _caption(ways: Sequence[_Way]) -> str:
    deep = ways[0]
    members = f", each of {counted(deep.members, 'member')} that share weights"
    return (
        f"{counted(deep.networks, 'deep network')}{members if deep.members > 1 else ''}. The "
        "numbers in a box are the sizes of the vectors from layer to layer."
    )


def _draw(
    inputs: Sequence[str], ways: Sequence[_Way], answers: Sequence[str], width: int
) -> Drawing:
    parts: list[Markup] = []
    y = _boxes(parts, inputs, 0.0, width, "quiet")
    parts.append(line(width / 2, y, width / 2, y + ARROW, "stem"))
    y = _band(parts, "input layers: every column becomes a vector", y + ARROW, width)
    room = (width - GAP * (len(ways) - 1)) / len(ways)
    for index, way in enumerate(ways):
        x = index * (room + GAP)
        parts.append(line(x + room / 2, y, x + room / 2, y + ARROW, "stem"))
        parts += _way(way, (x, y + ARROW), room, width)
        end = y + ARROW + WAY
        parts.append(line(x + room / 2, end, x + room / 2, end + ARROW, "stem"))
    y = _band(parts, "blend: how much each way counts", y + 2 * ARROW + WAY, width)
    parts.append(line(width / 2, y, width / 2, y + ARROW, "stem"))
    y = _boxes(parts, answers, y + ARROW, width, "ours")
    return Drawing(width, y + 1, parts)


def _boxes(parts: list[Markup], names: Sequence[str], y: float, width: int, tone: str) -> float:
    """Rows of boxes with a name each; returns where they end."""
    most = 3 if width <= NARROW else 6
    for start in range(0, len(names), most):
        row = names[start : start + most]
        room = (width - GAP * (len(row) - 1)) / len(row)
        for index, name in enumerate(row):
            x = index * (room + GAP)
            parts.append(_box((x, y), room, BOX, tone, name))
            middle = {"text_anchor": "middle"}
            parts.append(label(x + room / 2, y + BOX / 2 + 4.5, fit(name, room - 12), **middle))
        y += BOX + GAP
    return y - GAP


def _band(parts: list[Markup], words: str, y: float, width: int) -> float:
    """A band that all above lead into and all below come from; returns where it ends."""
    parts.append(_box((0.0, y), width, BAND, "quiet", words))
    where = {"class_": "tick", "text_anchor": "middle"}
    parts.append(label(width / 2, y + BAND / 2 + 4, fit(words, width - 12, 12), **where))
    return y + BAND


def _way(way: _Way, corner: tuple[float, float], room: float, width: int) -> list[Markup]:
    """A way's name, what it does, its vectors as bars from the first layer to the last."""
    x, y = corner
    says = f"{way.title}: {WAYS[way.name]}"
    parts = [_box(corner, room, WAY, "ours", says)]
    parts.append(label(x + 10, y + 21, fit(way.title, room - 12), class_="name ours"))
    if width > NARROW:
        parts.append(label(x + 10, y + 38, fit(WAYS[way.name], room - 14, 12), class_="tick"))
    most = max(way.sizes, default=1)
    for index, size in enumerate(way.sizes[:MOST_SIZES]):
        top = y + 52 + 19 * index
        long = max(3.0, (room - 20 - SIZE_ROOM) * (size / most) ** 0.5)
        parts.append(bar((x + 10, top), long, 9, "bar ours", f"a vector of {size} numbers"))
        parts.append(label(x + 14 + long, top + 9, count(size), class_="number"))
    if way.parameters:
        words = f"{brief(way.parameters)} weights" if width > NARROW else brief(way.parameters)
        parts.append(label(x + 10, y + WAY - 10, words, class_="tick"))
    return parts


def _box(corner: tuple[float, float], width: float, height: float, tone: str, says: str) -> Markup:
    """A rounded frame."""
    return element(
        "rect", element("title", says), x=corner[0] + 0.5, y=corner[1] + 0.5, rx=4,
        width=width - 1, height=height - 1, class_=f"frame {tone}",
    )  # fmt: skip


def _distinct(layers: Sequence[Layer]) -> list[Layer]:
    """Of networks that are alike the first alone."""
    seen: dict[str, list[Layer]] = {}
    for layer in layers:
        way, number, *_ = [*layer["layer"].split("."), ""]
        seen.setdefault(f"{way}.{number}", []).append(layer)
    kept: dict[str, str] = {}
    for network, mine in seen.items():
        form = repr([(layer["type"], layer["shape"]) for layer in mine])
        kept.setdefault(f"{network.split('.')[0]} {form}", network)
    return [layer for network in kept.values() for layer in seen[network]]


def _said(type_name: str) -> str:
    """'PiecewiseLinear' -> 'piecewise linear'; 'ReLU' stays."""
    parts = re.findall(r"[A-Z][a-z0-9]+", type_name)
    return " ".join(parts).lower() if "".join(parts) == type_name else type_name


def _shapes(shapes: Sequence[Sequence[int]]) -> str:
    """'128 × 592, 128', those that repeat counted."""
    written = Counter(" × ".join(map(str, shape)) or "1" for shape in shapes if 0 not in shape)
    return ", ".join(each if n == 1 else f"{each} ({n} times)" for each, n in written.items())
