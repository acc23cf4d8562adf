"""The report: complete, honest, harmless with hostile names, and small."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest

import evidence_documents
from pellucid.evidence.report import write_report

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The elements and the text of a page, its tags checked for balance."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def report(evidence, folder):
    path = folder / "report.html"
    write_report(evidence, path)
    return path.read_text("utf-8")


@pytest.mark.parametrize("name", evidence_documents.ALL)
def test_every_sort_of_run_gives_a_small_balanced_offline_page(name, tmp_path):
    text = report(evidence_documents.ALL[name](), tmp_path)
    page = Page(text)
    assert len(text.encode()) < 300_000
    assert not set(page.tags) & {"img", "iframe", "object", "embed", "base", "form"}
    targets = [value for key, value in page.attributes if key in ("src", "href", "xlink:href")]
    assert all(target.startswith(("#", "data:")) for target in targets)
    assert "default-src 'none'" in text
    assert not re.search(r"url\((?!#)", text)
    assert "@import" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_sections_come_in_the_order_of_the_story(tmp_path):
    text = report(evidence_documents.reviews(), tmp_path)
    titles = re.findall(
        r"<h[23][^>]*>(.*?)</h[23]>", text.partition("<script")[0].replace("\u00a0", " ")
    )
    assert titles == [
        "It learned: accuracy 87.1 % (86.3 to 87.9) on 7,232 rows it never saw.",
        "Performance against experience",
        "The conventional ways",
        "What is taken for what",
        "Can its confidence be believed?",
        "Answer only when sure",
        "What each column contributes",
        "The worst mistakes",
        "How it was learned",
        "Training history",
        "The rows",
        "The columns",
        "The network",
        "Plan and actual",
        "Do it again",
    ]


def test_every_sentence_of_the_verdict_is_shown(tmp_path):
    for maker in (evidence_documents.baseline_wins, evidence_documents.nothing_learned):
        evidence = maker()
        text = Page(report(evidence, tmp_path)).text
        for target in evidence["targets"].values():
            for sentence in target["verdict"]["sentences"]:
                assert sentence in text


@pytest.mark.parametrize(
    ("maker", "badge", "tone"),
    [
        (evidence_documents.reviews, "Better than the conventional way", "good"),
        (evidence_documents.two_classes, "Level with the conventional way", "even"),
        (evidence_documents.baseline_wins, "The conventional way is better", "bad"),
        (evidence_documents.nothing_learned, "Nothing was learned", "bad"),
        (evidence_documents.tiny, "Learned, compared with nothing", "even"),
    ],
)
def test_the_badge_says_what_the_evidence_says(maker, badge, tone, tmp_path):
    text = report(maker(), tmp_path)
    assert f'<section class="verdict {tone}">' in text
    assert f'<p class="badge">{badge}</p>' in text


def test_a_worse_network_is_called_worse_with_a_positive_gap(tmp_path):
    text = Page(report(evidence_documents.baseline_wins(), tmp_path)).text
    assert "the network is worse by 2.4 points 1.6 to 3.2" in text


def test_what_was_mended_ignored_and_warned_of_is_told(tmp_path):
    text = Page(report(evidence_documents.reviews(), tmp_path)).text
    assert "fewer fields than the header row skipped line 17, line 902, line 40118" in text
    assert "not a number in price taken as missing line 88: 'n/a'" in text
    assert "review_id : an id: every value differs" in text
    assert "812 brands were seen, 190 of them once" in text
    assert "to prove on (rows of one “user” kept together)." in text
    assert "pellucid reproduce reviews.pellucid reviews.csv" in text
    assert "peak memory 1.3 GB 1.2 GB 9 % less" in text


def test_a_smoothed_loss_is_called_so(tmp_path):
    evidence = evidence_documents.reviews()
    assert "smoothed" not in Page(report(evidence, tmp_path)).text
    evidence["plan"]["smoothing"] = 0.1
    text = Page(report(evidence, tmp_path)).text
    assert "10 % of each class's answer was spread over all classes" in text


def test_what_was_not_measured_is_said_not_left_out(tmp_path):
    text = Page(report(evidence_documents.tiny(), tmp_path)).text
    assert "Calibration was not measured in this run." in text
    assert "Importance was not measured in this run." in text
    assert "Nothing had to be skipped or mended." in text


def test_hostile_names_stay_text(tmp_path):
    evidence = evidence_documents.hostile()
    text = report(evidence, tmp_path)
    page = Page(text)
    assert page.tags.count("script") == text.count("<script") == 2  # our own, and their style
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert not [value for _, value in page.attributes if "javascript:" in (value or "")]
    assert "<script>alert('x')</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert page.tags.count("title") == text.count("<title")
    assert html.escape("</svg></title></style><b>") in text


def test_large_and_negative_numbers_of_a_mistake_are_written_for_people(tmp_path):
    evidence = evidence_documents.a_number()
    mistake = evidence["targets"]["price"]["mistakes"][0]
    mistake["true"], mistake["predicted"] = 2395000.0, -0.22835
    text = Page(report(evidence, tmp_path)).text
    assert "2,395,000" in text and "\u22120.22835" in text
    assert "e+06" not in text


def test_long_cells_are_cut_and_their_rest_can_be_unfolded(tmp_path):
    evidence = evidence_documents.reviews()
    mistake = evidence["targets"]["stars"]["mistakes"][0]
    mistake["cells"] = {"short": "a b", "long": "word " * 100, "endless": "x" * 1_000_000}
    evidence["targets"]["stars"]["mistakes"] = [mistake]
    text = report(evidence, tmp_path)
    folded = re.findall(r'<details class="text"><summary><bdi>(.*?)</bdi></summary>', text)
    assert len(folded) == 2
    assert all(len(head) <= 180 for head in folded)
    rows = text.partition("<script")[0]
    assert rows.count("word ") + rows.count("word<") == 100
    assert "997,000 more letters" in text
    assert len(text) < 180_000


def test_wide_tables_are_folded_and_a_thousand_levels_stay_small(tmp_path):
    evidence = evidence_documents.many_classes(1000)
    evidence["data"] = evidence_documents._data("wide.csv", 1000, columns=600)
    text = report(evidence, tmp_path)
    assert len(text.encode()) < 300_000
    assert "588\u00a0more columns" in text
    assert "Columns beyond the first 500" in text


def test_targets_are_listed_only_when_there_are_several(tmp_path):
    assert 'href="#target-1"' in report(evidence_documents.two_targets(), tmp_path)
    assert 'class="contents"' not in report(evidence_documents.reviews(), tmp_path)


def test_a_failed_write_leaves_the_old_report_whole(tmp_path, monkeypatch):
    report(evidence_documents.tiny(), tmp_path)
    before = (tmp_path / "report.html").read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(evidence_documents.reviews(), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
