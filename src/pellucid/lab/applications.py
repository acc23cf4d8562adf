"""The lecture's nine applications in a few words each: how they are set up, and what to mind."""

from __future__ import annotations

from typing import NamedTuple


class Application(NamedTuple):
    """One application."""

    name: str
    setup: str
    simple: str
    mind: str


APPLICATIONS = (
    Application(
        "Driving",
        "From what a car's sensors read, predict the pedal or the angle of the wheel; the measure "
        "is the mean error.",
        "say what was said a moment ago.",
        "neighbouring moments are nearly the same, so whole drives must be held out.",
    ),
    Application(
        "News",
        "From a report's text, predict its topic, or whether its source is unreliable.",
        "counted words and a linear model, which is hard to beat.",
        "a model learns the style of the sources in its data; it does not know what is true.",
    ),
    Application(
        "Virtual assistants",
        "From a sentence, predict what is wanted and the words that say when, where and whom.",
        "key words.",
        "people say things that no list of intents holds; “none of these” must be an answer.",
    ),
    Application(
        "Health",
        "From measurements or sequences, screen for an illness.",
        "the few measurements that physicians already use.",
        "how rare it is, as the figure above shows; and one patient's rows belong on one side.",
    ),
    Application(
        "Game playing",
        "From positions, predict who wins or which move is best.",
        "a search of a few moves with counted pieces.",
        "strength is measured by games against known opponents, not by agreement with them.",
    ),
    Application(
        "Sound for silent film",
        "From frames, predict when something strikes, and with which sound.",
        "the most frequent sound at each change of scene.",
        "made sound is not evidence of what was heard.",
    ),
    Application(
        "Translation",
        "From a sentence in one language, predict one in another.",
        "a phrase book, or the nearest sentence already translated.",
        "fluent is not the same as right; names and numbers are where it shows.",
    ),
    Application(
        "Deep dreaming",
        "Nothing is predicted: a picture is changed, uphill, so that a chosen neuron answers more.",
        "there is none; it is gradient ascent on the input.",
        "it shows what a network reacts to, not what it has understood.",
    ),
    Application(
        "Prediction from tables",
        "From what is known of people or places, predict a number or a class, as a census or an "
        "election does.",
        "last time's result.",
        "groups, not persons, are what such a model may speak of; who votes can change its answer.",
    ),
)
