"""The model card: what it predicts, how well, within which limits, and how to use it."""

from __future__ import annotations

import re

import pytest

import evidence_documents
from pellucid.evidence.card import plain, write_card


def test_the_card_says_what_it_predicts_how_well_and_how_to_use_it(tmp_path):
    path = tmp_path / "README.md"
    write_card(evidence_documents.reviews(), path)
    card = path.read_text("utf-8")
    assert card.startswith("# reviews\n")
    assert "Predicts the category **stars** (5 levels: 1, 2, 3, 4, 5)" in card
    assert "| this network: accuracy | 87.1 % (86.3 to 87.9) |" in card
    assert "| best conventional way: TF-IDF + linear model | 84.9 % |" in card
    assert 'model = pellucid.load("reviews.pellucid")' in card
    assert "pellucid predict reviews.pellucid new.csv --output predictions.csv" in card
    assert "| price | number | 0.99 to 4,200, 2 % missing |" in card
    assert "ignored: review\\_id, an id: every value differs" in card
    assert "yours to choose" in card


@pytest.mark.parametrize(
    ("maker", "limit"),
    [
        (
            evidence_documents.nothing_learned,
            "side: nothing was learned; do not use its predictions.",
        ),
        (evidence_documents.baseline_wins, "grade: the conventional way is better; prefer it."),
        (evidence_documents.tiny, "sort: judged on 6 rows only"),
    ],
)
def test_the_card_names_the_limits_that_the_evidence_shows(maker, limit, tmp_path):
    write_card(maker(), tmp_path / "README.md")
    assert limit in (tmp_path / "README.md").read_text("utf-8")


def test_hostile_names_stay_text_in_the_card(tmp_path):
    write_card(evidence_documents.hostile(), tmp_path / "README.md")
    card = (tmp_path / "README.md").read_text("utf-8")
    outside = re.sub(r"```.*?```|`[^`\n]*`", "", card, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<", outside)
    assert plain("a\n|b| `c` [d](e) \u202e") == "a \\|b\\| \\`c\\` \\[d\\](e)"
    assert plain(" \n") == "(blank)"
    tables = [line for line in card.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {3, 4}
