"""The figures of a report: each is drawn from evidence alone, as SVG with its table of numbers."""

from pellucid.evidence.figures.bars import importance, stages
from pellucid.evidence.figures.calibration import coverage, reliability
from pellucid.evidence.figures.confusion import confusion_matrix
from pellucid.evidence.figures.curve import learning_curve
from pellucid.evidence.figures.forecasts import forecast_beside_truth
from pellucid.evidence.figures.history import training_history
from pellucid.evidence.figures.looks import where_it_looked
from pellucid.evidence.figures.network import network_picture
from pellucid.evidence.figures.scatter import predicted_against_true
from pellucid.evidence.figures.svg import Figure, Table
from pellucid.evidence.figures.ways import conventional_ways

__all__ = [
    "Figure",
    "Table",
    "confusion_matrix",
    "conventional_ways",
    "coverage",
    "forecast_beside_truth",
    "importance",
    "learning_curve",
    "network_picture",
    "predicted_against_true",
    "reliability",
    "stages",
    "training_history",
    "where_it_looked",
]
