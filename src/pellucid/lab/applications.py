"""The lecture's nine applications: the data each takes, what is predicted, how, what to mind."""

from __future__ import annotations

from typing import NamedTuple


class Application(NamedTuple):
    """One application as the page tells it."""

    name: str
    data: str  # what a row is
    columns: str  # of its table, as a heading would list them
    target: str
    measure: str
    simple: str  # the way without a network
    mind: str
    command: str  # what does it with pellucid today; "" where nothing does
    lacking: str  # of what the lecture shows
    demo: str = ""  # what can be tried on the page: a part of it, or a chapter


APPLICATIONS = (
    Application(
        "Driving",
        "a moment of a drive: the camera's picture and what the sensors read",
        "photo, speed, steering before, drive, angle",
        "the angle of the wheel, or the pedal",
        "mean error on whole drives that were held out",
        "say what was said a moment ago",
        "neighbouring moments are nearly the same, so whole drives must be held out",
        "pellucid learn drives.csv --target angle --group drive",
        "nothing drives: a recorded angle is predicted, and errors do not add up as on a road",
        "driving",
    ),
    Application(
        "News",
        "a report",
        "headline, text, published, topic",
        "its topic, or whether its source is unreliable",
        "accuracy on later reports",
        "counted words and a linear model, which is hard to beat",
        "a model learns the style of the sources in its data; it does not know what is true",
        "pellucid learn reports.csv --target topic --time published",
        "",
        "text",
    ),
    Application(
        "Virtual assistants",
        "a sentence that somebody said",
        "said, intent, slots",
        "what is wanted, and the words that say when, where and whom",
        "accuracy of intents, span F1 of the words",
        "key words",
        "people say things that no list of intents holds; “none of these” must be an answer",
        "pellucid learn said.csv --target intent --target slots",
        "sentences are read, not heard, and nothing is answered in words",
        "text",
    ),
    Application(
        "Health",
        "a visit: measurements, a picture, what was written",
        "age, blood pressure, scan, notes, patient, outcome",
        "whether somebody has the illness",
        "how many of the alarms are right, at a share found that physicians set",
        "the few measurements that physicians already use",
        "how rare it is, as the first figure shows; and one patient's rows belong on one side",
        "pellucid learn visits.csv --target outcome --group patient",
        "",
        "screening",
    ),
    Application(
        "Game playing",
        "a position",
        "square 1 to square 9, to move, game, winner",
        "who wins, or which move is best",
        "games won against known opponents",
        "a search of a few moves with counted pieces",
        "strength is measured by games, not by agreement with them",
        "pellucid learn positions.csv --target winner --group game",
        "no playing against itself: a table of positions is learnt from",
        "game",
    ),
    Application(
        "Sound for silent film",
        "a short film without its sound",
        "clip, sound",
        "with which sound something strikes",
        "accuracy on films of other scenes",
        "the most frequent sound at each change of scene",
        "made sound is not evidence of what was heard",
        "pellucid learn clips.csv --target sound",
        "the sound is named, not made",
        "film",
    ),
    Application(
        "Translation",
        "a pair of sentences",
        "english, german",
        "the sentence in the other language",
        "BLEU, beside the nearest sentence already translated",
        "a phrase book, or the nearest sentence already translated",
        "fluent is not the same as right; names and numbers are where it shows",
        "pellucid learn pairs.csv --target german",
        "it knows no language but what the pairs show",
        "phrase",
    ),
    Application(
        "Deep dreaming",
        "a picture",
        "photo",
        "nothing: the picture is changed, uphill, so that the network sees more of a chosen thing",
        "none; it is looked at",
        "there is none; it is gradient ascent on the input",
        "it shows what a network reacts to, not what it has understood",
        "pellucid lab MODEL --rows FILE",
        "",
        "inside",
    ),
    Application(
        "Prediction from tables",
        "a person, a house, a district",
        "age, schooling, district, year, income",
        "a number or a class, as a census or an election asks for it",
        "error or accuracy on a later year",
        "last time's result",
        "groups, not persons, are what such a model may speak of; who votes can change its answer",
        "pellucid learn census.csv --target income --time year",
        "",
        "data",
    ),
)
