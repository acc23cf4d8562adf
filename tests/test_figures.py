"""The figures of a report: drawn in two widths, true to their numbers, described and tabled."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

import evidence_documents
from pellucid.evidence import figures
from pellucid.evidence.figures.svg import element
from pellucid.evidence.numerals import (
    Measure,
    axis,
    brief,
    counted,
    duration,
    memory,
    percent,
    significant,
)


def drawings(figure):
    """The wide and the narrow drawing, parsed as XML."""
    return list(ElementTree.fromstring(f"<both>{figure.drawing}</both>"))


def circles(drawing, class_):
    return [e for e in drawing.iter("circle") if class_ in e.get("class").split()]


def test_every_figure_has_a_title_a_description_and_its_numbers():
    target = evidence_documents.reviews()["targets"]["stars"]
    evidence = evidence_documents.a_number()
    price = evidence["targets"]["price"]
    made = [
        figures.learning_curve(target),
        figures.conventional_ways(target),
        figures.confusion_matrix(target["confusion"]),
        figures.reliability(target["calibration"]),
        figures.coverage(price["calibration"], "US$"),
        figures.predicted_against_true(price["scatter"], "US$"),
        figures.importance(target, 6),
        figures.network_picture(evidence),
        figures.training_history(evidence["history"], "RMSE"),
        figures.stages(evidence["actual"]),
    ]
    for figure in made:
        wide, narrow = drawings(figure)
        for drawing in (wide, narrow):
            assert drawing.get("role") == "img"
            assert [child.tag for child in drawing][:2] == ["title", "desc"]
            assert all(child.text for child in list(drawing)[:2])
        assert float(wide.get("width")) <= 704
        assert float(narrow.get("width")) <= 320
        assert figure.table.rows
        assert all(len(row) == len(figure.table.header) for row in figure.table.rows)


def test_the_learning_curve_puts_more_performance_higher_and_more_rows_to_the_right():
    target = evidence_documents.ten_classes()["targets"]["digit"]
    wide, _ = drawings(figures.learning_curve(target))
    dots = circles(wide, "dot")
    across = [float(dot.get("cx")) for dot in dots]
    up = [float(dot.get("cy")) for dot in dots]
    assert len(dots) == 4
    assert across == sorted(across)
    assert up == sorted(up, reverse=True)
    forecast = circles(wide, "hollow")[0]
    assert float(forecast.get("cx")) > across[-1]
    assert float(forecast.get("cy")) < up[-1]
    # Doubling the rows is the same step everywhere on a logarithmic scale.
    assert across[1] - across[0] == pytest.approx(float(forecast.get("cx")) - across[-1], abs=0.3)


def test_the_forecast_of_an_error_points_down():
    price = evidence_documents.a_number()["targets"]["price"]
    figure = figures.learning_curve(price)
    wide, _ = drawings(figure)
    assert float(circles(wide, "hollow")[0].get("cy")) > float(circles(wide, "dot")[-1].get("cy"))
    assert figure.table.rows[4] == (
        "this network, forecast",
        "75,516",
        "533\u00a0US$",
        "524 to 540",
    )


def test_a_curve_of_smaller_networks_is_not_passed_off_as_the_network():
    target = evidence_documents.reviews()["targets"]["stars"]
    figure = figures.learning_curve(target)
    assert figure.caption.startswith("The curve is of smaller networks")
    assert ("this network", "33,749", "87.1\u00a0%", "86.3 to 87.9") in figure.table.rows
    assert figure.table.rows[3][:3] == ("smaller networks", "33,749", "86.0\u00a0%")


def test_a_curve_cut_short_leaves_the_network_at_the_rows_that_it_learnt_from():
    target = evidence_documents.reviews()["targets"]["stars"]
    short = {**target, "curve": target["curve"][:2]}
    figure = figures.learning_curve(short, 33_749)
    assert [row[1] for row in figure.table.rows if row[0] == "this network"] == ["33,749"]
    alike = {**short, "performance": {**target["performance"], **target["curve"][1], "rows": 9}}
    figure = figures.learning_curve(alike, 33_749)  # as good by chance, from fewer rows
    assert [row[1] for row in figure.table.rows if row[0] == "this network"] == ["33,749"]


def test_ways_are_sorted_from_best_to_worst_whichever_is_better():
    stars = evidence_documents.baseline_wins()["targets"]["grade"]
    names = [row[0] for row in figures.conventional_ways(stars).table.rows]
    assert names[:2] == ["TF-IDF + linear model", "this network"]
    price = evidence_documents.a_number()["targets"]["price"]
    names = [row[0] for row in figures.conventional_ways(price).table.rows]
    assert names == ["this network", "gradient boosting", "linear model", "the mean"]


def test_a_simplest_guess_far_off_is_an_arrow_at_the_edge():
    target = evidence_documents.many_classes()["targets"]["intent"]
    wide, _ = drawings(figures.conventional_ways(target))
    assert len(circles(wide, "dot")) == 4
    assert len([e for e in wide.iter("path") if e.get("class") == "dot quiet"]) == 1


def test_confusion_counts_and_shares_are_those_given():
    confusion = {"levels": ["cat", "dog"], "counts": [[30, 10], [0, 5]]}
    figure = figures.confusion_matrix(confusion)
    assert figure.table.rows == (
        ("cat", "30", "10", "75.0\u00a0%"),
        ("dog", "0", "5", "100.0\u00a0%"),
    )
    wide, _ = drawings(figure)
    cells = list(wide.iter("rect"))
    assert [cell[0].text for cell in cells][1] == "true cat, predicted dog: 10\u00a0rows"
    shades = [float(cell.get("fill-opacity")) for cell in cells]
    assert shades[3] > shades[0] > shades[1] > shades[2]
    assert "“cat” taken for “dog”, 10\u00a0times (25.0\u00a0% of all “cat”)" in figure.caption


def test_many_levels_show_the_most_confused_pairs():
    levels = [f"level {place}" for place in range(150)]
    counts = [[9 if row == column else 0 for column in range(150)] for row in range(150)]
    counts[7][9], counts[3][4], counts[5] = 4, 2, [0] * 150
    figure = figures.confusion_matrix({"levels": levels, "counts": counts})
    assert figure.title == "The most confused pairs"
    assert figure.table.rows == (
        ("level 7", "level 9", "4", "30.8\u00a0%"),
        ("level 3", "level 4", "2", "18.2\u00a0%"),
    )
    counts[7][9] = counts[3][4] = 0  # now all are right
    assert figures.confusion_matrix({"levels": levels, "counts": counts}).table.rows == ()


def test_the_scatter_is_capped_and_marks_intervals_that_miss():
    points = [[float(i), float(i), i - 1.0, i + 1.0] for i in range(3000)]
    points[0] = [0.0, 9.0, 8.0, 10.0]
    figure = figures.predicted_against_true(points, None)
    assert "1,000 of 3,000 rows are drawn." in figure.caption
    wide, _ = drawings(figure)
    drawn = {e.get("class"): e.get("d").count("M") for e in wide.iter("path")}
    assert drawn["points ours"] == 999
    assert drawn["points theirs"] == 1
    assert figures.predicted_against_true([[float("nan")] * 4], None) is None


def test_histories_that_diverge_and_scales_without_width_are_still_drawn():
    moments = [
        {"member": 0, "step": step, "seconds": 1.0, "loss": loss, "metric": None, "rate": 0.1}
        for step, loss in enumerate([1e308, 1.0, float("inf"), float("nan"), 1.0])
    ]
    wide, _ = drawings(figures.training_history(moments, "accuracy"))
    assert "nan" not in ElementTree.tostring(wide, "unicode")
    flat = [[2.0, 2.0, 2.0, 2.0]]
    assert len(drawings(figures.predicted_against_true(flat, None))) == 2
    assert figures.training_history([], "accuracy") is None


def test_importance_shows_the_twenty_largest_and_greys_what_has_no_clear_effect():
    target = evidence_documents.reviews()["targets"]["stars"]
    target["importance"] = [
        {"column": f"c{place}", "value": place / 100, "low": (place - 20) / 100, "high": 1.0}
        for place in range(40)
    ]
    figure = figures.importance(target, 40)
    wide, _ = drawings(figure)
    bars = [e.get("class") for e in wide.iter("rect")]
    assert bars == ["bar ours"] * 19 + ["bar quiet"]
    assert figure.table.rows[0][:2] == ("c39", "39.0\u00a0points")
    assert len(figure.table.rows) == 40
    assert "did not suffice" not in figure.caption
    assert "for the other 2 columns" in figures.importance(target, 42).caption.replace(
        "\u00a0", " "
    )


def test_the_network_is_drawn_from_its_columns_to_its_answers_and_alike_networks_listed_once():
    evidence = evidence_documents.reviews()
    figure = figures.network_picture(evidence)
    words = [e.text for e in drawings(figure)[0].iter("text")]
    for each in ("2 × text", "deep × 2", "512", "256", "linear", "20,480", "trees", "stars"):
        assert each in words
    layers = [row[0] for row in figure.table.rows]
    assert "deep.0.hidden.3" in layers and not any(name.startswith("deep.1") for name in layers)
    weights = dict(zip(layers, figure.table.rows, strict=True))["deep.0.hidden.3"]
    assert weights[1:] == ("linear", "256 × 256, 256", "65,792")
    evidence["plan"]["network"][-2]["shape"] = [[0], [0]]  # no tree has grown
    assert "trees" not in str(figures.network_picture(evidence).drawing)
    evidence["plan"]["network"][7]["shape"] = [[813, 64]]  # now they differ
    assert any(row[0].startswith("deep.1") for row in figures.network_picture(evidence).table.rows)


def test_text_in_a_drawing_stays_inside_it():
    target = evidence_documents.reviews()["targets"]["stars"]
    target["baselines"][0]["name"] = "w" * 400
    for drawing in drawings(figures.conventional_ways(target)):
        assert max(len(e.text or "") for e in drawing.iter("text")) < 60


def test_numbers_are_written_for_people():
    assert percent(0.8714) == "87.1\u00a0%"
    assert percent(float("nan")) == "–"
    assert percent(-0.0001) == "0.0\u00a0%"
    assert [significant(x) for x in (48213.4, 0.01234, -2.5, 0, 1.2e12, float("inf"))] == [
        "48,213", "0.0123", "−2.50", "0", "1.20 × 10¹²", "–",
    ]  # fmt: skip
    assert [brief(x) for x in (33749, 250000, 1250000)] == ["33,749", "250\u00a0k", "1.25\u00a0M"]
    assert [duration(x) for x in (0.83, 12.4, 277, 3900)] == [
        "0.83\u00a0s", "12\u00a0s", "4\u00a0min 37\u00a0s", "1\u00a0h 05\u00a0min",
    ]  # fmt: skip
    assert [memory(x) for x in (820, 1331)] == ["820\u00a0MB", "1.3\u00a0GB"]
    assert axis([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert [counted(n, "row") for n in (1, 2000)] == ["1\u00a0row", "2,000\u00a0rows"]


def test_an_interval_decides_how_many_digits_its_value_has():
    error = Measure("RMSE", "m")
    assert error.estimate(545.123, 521.4, 571.2) == "545\u00a0m (521 to 571)"
    assert error.estimate(0.01234, 0.0118, 0.0129) == "0.0123\u00a0m (0.0118 to 0.0129)"
    assert Measure("accuracy").estimate(0.871, 0.863, 0.879) == "87.1\u00a0% (86.3 to 87.9)"
    assert Measure("R²", "m").value(0.981) == "0.981"
    assert Measure("accuracy").gap(-0.02, -0.03, -0.01) == (
        "worse",
        "2.0\u00a0points",
        "1.0 to 3.0",
    )


def test_an_element_escapes_its_text_and_its_attributes():
    assert element("text", "<b>&", title='">x') == '<text title="&#34;&gt;x">&lt;b&gt;&amp;</text>'
