"""The small closed vocabulary of layers of which every network is composed."""

from pellucid.networks.layers.blend import ClassBlend, Deep, NoPath, NumberBlend
from pellucid.networks.layers.dropout import Dropout
from pellucid.networks.layers.embedding import Embedding, SparseLinear
from pellucid.networks.layers.ensemble import EnsembleLinear, EnsembleOutput, EnsembleScale, Linear
from pellucid.networks.layers.forecaster import Bands, Forecaster
from pellucid.networks.layers.input import Encoder, InputLayer, MissingValue
from pellucid.networks.layers.piecewise import PiecewiseLinear
from pellucid.networks.layers.randomness import (
    Coin,
    RandomLayer,
    random_layers,
    seed_layers,
    seed_of,
)
from pellucid.networks.layers.recurrent import Recurrent
from pellucid.networks.layers.sequence import SequenceEncoder
from pellucid.networks.layers.series import SeriesEncoder, SeriesStatistics
from pellucid.networks.layers.smoothing import Smoothings
from pellucid.networks.layers.tagger import Tagger, Window, Words, most_probable
from pellucid.networks.layers.translator import Translator
from pellucid.networks.layers.trees import Trees

__all__ = [
    "Bands",
    "ClassBlend",
    "Coin",
    "Deep",
    "Dropout",
    "Embedding",
    "Encoder",
    "EnsembleLinear",
    "EnsembleOutput",
    "EnsembleScale",
    "Forecaster",
    "InputLayer",
    "Linear",
    "MissingValue",
    "NoPath",
    "NumberBlend",
    "PiecewiseLinear",
    "RandomLayer",
    "Recurrent",
    "SequenceEncoder",
    "SeriesEncoder",
    "SeriesStatistics",
    "Smoothings",
    "SparseLinear",
    "Tagger",
    "Translator",
    "Trees",
    "Window",
    "Words",
    "most_probable",
    "random_layers",
    "seed_layers",
    "seed_of",
]
