"""The layout of `evidence.json`: everything a report shows, as plain JSON.

Performance values are in the metric's own units: accuracy 0.871, never 87.1.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from pellucid.kinds.calibration import Calibration


class Interval(TypedDict):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class Performance(Interval):
    """How well the network does on rows it never saw."""

    metric: str
    rows: int
    higher_is_better: bool
    repeats: NotRequired[int]  # of these rows, so many have the inputs of one learned from


class NamedValue(TypedDict):
    """A way of predicting, and how well it does."""

    name: str
    value: float


class Baseline(NamedValue):
    """A conventional way, judged on the same rows."""

    low: float
    high: float
    seconds: float


class CurvePoint(Interval):
    """Performance after learning from so many rows."""

    rows: int


class Confusion(TypedDict):
    """Counts of rows: true level by row, predicted level by column."""

    levels: list[str]
    counts: list[list[int]]


class Importance(Interval):
    """What performance loses when one column is shuffled; positive: the column matters."""

    column: str


class Exhibit(TypedDict):
    """What of a row is shown otherwise than as cells."""

    marked: NotRequired[list[list[str]]]  # each word, its predicted and its true tag
    previews: NotRequired[dict[str, dict[str, str]]]  # by column: data URIs, and words on them


class Mistake(Exhibit):
    """A row the network got badly wrong."""

    row: str  # "line 17"
    true: str | float
    predicted: str | float
    confidence: float | None
    cells: dict[str, object]


class ReasonColumn(TypedDict):
    """What the parts of one cell account for: the cell itself, its words, its fields."""

    column: str
    parts: list[str]
    shares: list[float]
    without: list[float]  # what the answer loses without the part
    control: list[float]  # the share in a network with shuffled weights
    shape: list[int] | None  # rows and columns of fields in a plane; further parts lie beside it
    picture: NotRequired[str]  # a data URI of that plane
    aspect: NotRequired[float]  # its width by its height


class Reason(TypedDict):
    """What one answer on a row it never saw rests on."""

    row: str
    right: bool
    of: str  # "the log-odds of stars = 4 against 3"
    true: str
    answer: float
    nothing: float  # the answer to a row with nothing in it
    gap: float  # what the shares lack to add up to the difference
    likeness: float | None  # rank correlation with the control
    columns: list[ReasonColumn]


class Verdict(TypedDict):
    """What is claimed, in plain words, the headline first."""

    learned: bool
    beats_baseline: bool | None  # None: no clear difference
    sentences: list[str]


class Look(TypedDict):
    """Where the network looked in what it read, for each word that it wrote."""

    row: str
    read: list[str]
    written: list[str]
    weights: list[list[float]]  # of each written word, a share for each read one


class Forecast(TypedDict):
    """A forecast on steps it never saw, beside what came; None where nothing is known."""

    row: str
    window: int
    past: list[float | None]
    true: list[float | None]
    middle: list[float]
    low: list[float]
    high: list[float]


class OfSome(TypedDict):
    """What only some targets have to show."""

    looks: NotRequired[list[Look]]
    forecasts: NotRequired[list[Forecast]]
    note: NotRequired[str]  # on how it was measured
    reasons: NotRequired[list[Reason]]  # what some answers rest on


class Target(OfSome):
    """The evidence for one predicted column."""

    kind: str  # "category" or "number"
    reason: str
    levels: list[str] | None
    unit: str | None
    performance: Performance
    others: dict[str, float]
    paths: NotRequired[list[NamedValue]]  # each path of the network by itself
    simplest: NamedValue
    baselines: list[Baseline]
    baseline: NamedValue | None  # the best of the conventional ways
    gap: Interval | None  # to that way, positive: the network is better
    curve: list[CurvePoint]
    doubled: Interval | None  # the gain expected of twice the rows, positive: better
    calibration: Calibration | None
    confusion: Confusion | None
    scatter: list[list[float]] | None  # true, predicted, low, high
    importance: list[Importance]
    mistakes: list[Mistake]
    surest: NotRequired[list[Mistake]]  # right answers it was most certain of, of media
    verdict: Verdict


class MendRecord(TypedDict):
    """One sort of fault in the data, as `errors.Mend` counts it."""

    fault: str
    action: str
    count: int
    column: str | None
    where: list[str]


class Ignored(TypedDict):
    """A column the network does not see, and why."""

    column: str
    reason: str


class Column(TypedDict):
    """A column the network sees, its kind, and why it is taken as that kind."""

    name: str
    kind: str
    reason: str
    summary: str


class Split(TypedDict):
    """How many rows were learned from, chosen with and proved on."""

    learn: int
    choose: int
    prove: int
    how: str


class Data(TypedDict):
    """What was read, and what happened to it on the way."""

    source: str
    rows: int
    hash: str
    mends: list[MendRecord]
    ignored: list[Ignored]
    warnings: list[str]
    hints: NotRequired[list[str]]
    backbones: NotRequired[list[str]]  # whose weights the model holds, and under which licence
    columns: list[Column]
    split: Split


class Moment(TypedDict):
    """One line of the training history."""

    member: int
    step: int
    seconds: float
    loss: float | None
    metric: float | None
    rate: float


class Layer(TypedDict):
    """One layer of the network."""

    layer: str  # its name in the network, as `--weight` takes it
    type: str
    shape: list[list[int]]  # of each of its tensors
    parameters: int


class Plan(TypedDict):
    """What was promised before training."""

    network: list[Layer]
    parameters: int
    steps: int
    seconds: float
    megabytes: float
    smoothing: NotRequired[float]  # of classes, in the loss that training lowers


class Stage(TypedDict):
    """A part of the run, and how long it took."""

    name: str
    seconds: float


class Actual(TypedDict):
    """What it took in the end."""

    seconds: float
    megabytes: float
    steps: int
    schedule_changed: bool  # shortened, to keep the deadline
    lengthened: NotRequired[bool]  # annealing, as there was time
    settled: bool  # it ended because nothing more was gained, not because of the clock
    stages: list[Stage]


class Reproduce(TypedDict):
    """What is needed to get the same bytes again."""

    command: str
    seed: int
    threads: int
    versions: dict[str, str]
    weights_hash: str


class Document(TypedDict):
    """The whole of `evidence.json`."""

    format: int
    pellucid: str
    name: str
    data: Data
    targets: dict[str, Target]
    history: list[Moment]
    plan: Plan
    actual: Actual
    reproduce: Reproduce
