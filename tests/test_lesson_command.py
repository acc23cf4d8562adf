"""`pellucid lesson`: arguments and options reach the lesson, and faults are one paragraph."""

import json
import sys

import pytest

from pellucid import cli


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["pellucid", "lesson", *words])
    with pytest.raises(SystemExit) as done:
        cli.main()
    captured = capsys.readouterr()
    return done.value.code, captured.out, captured.err


def test_without_a_name_all_lessons_are_listed(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys)
    assert status == 0
    assert {"determinant", "descent", "lecture"} <= {line.split()[0] for line in out.splitlines()}
    assert max(map(len, out.splitlines())) <= 80


def test_a_matrix_is_an_argument(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, "determinant", "[[2,3],[4,5]]")
    assert status == 0
    assert "det A = −2" in out


def test_a_negative_number_is_no_option(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, "activation", "relu", "-3")
    assert status == 0
    assert "max(0, −3)" in out


def test_options_are_the_lessons_own(monkeypatch, capsys):
    words = ("descent", "x**2", "--start", "6", "--step", "0.1", "--steps", "2")
    status, out, _ = run(monkeypatch, capsys, *words)
    assert status == 0
    assert "14.7456" in out
    assert "9.437184" not in out


def test_json_reads_back(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, "determinant", "--format", "json")
    assert status == 0
    assert json.loads(out)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("determinnat",), "determinant"),
        (("determinant", "[[1,2,3],[4,5,6]]"), "square"),
        (("derivative", "__import__('os')"), "Cannot read"),
        (("descent", "x**2", "--start"), "no value"),
    ],
)
def test_faults_are_one_paragraph(monkeypatch, capsys, words, says):
    status, out, err = run(monkeypatch, capsys, *words)
    assert status == 2
    assert says in err
    assert not out
    assert "Traceback" not in err
