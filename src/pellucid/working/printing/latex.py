"""A step as a LaTeX document, and formulas as LaTeX for Markdown and for annotations."""

from __future__ import annotations

from functools import singledispatch
from itertools import groupby

from pellucid.working.agreement import Value
from pellucid.working.formula import Formula
from pellucid.working.printing import pieces
from pellucid.working.printing.display import displayed, value_display
from pellucid.working.printing.numbers import Notation
from pellucid.working.printing.pieces import Display, named
from pellucid.working.printing.prose import (
    check_sentence,
    footnotes,
    fresh_reason,
    hidden_sentence,
    visible,
)
from pellucid.working.printing.tables import shown_rows
from pellucid.working.step import NumberTable, Step

PREAMBLE = r"""\documentclass{article}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,xcolor}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\allowdisplaybreaks
\begin{document}
"""
SIGNS = {
    "−": "-",
    "·": r"\cdot ",
    "⊙": r"\odot ",
    "∂": r"\partial ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "∞": r"\infty ",
    "⋮": r"\vdots ",
    "⋯": r"\cdots ",
    "≈": r"\approx ",
    "×": r"\times ",
    "→": r"\to ",
    "←": r"\leftarrow ",
    "∈": r"\in ",
    "‖": r"\|",
    "√": r"\surd ",
    "±": r"\pm ",
    "′": "'",
    "″": "''",
    "∇": r"\nabla ",
    "✓": r"\checkmark ",
    **{letter: f"\\{name} " for name, letter in pieces.GREEK.items() if name != "nabla"},
}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀᵘᵛ", "0123456789+-nTuv", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₜ", "0123456789+-ijknt", strict=True))
RESERVED = {letter: f"\\{letter}" for letter in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "…": r"\dots{}",
    "’": "'",
    "“": "``",
    "”": "''",
}
FUNCTIONS = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "ln", "det", "max", "min", "exp")


def formula_latex(formula: Formula, notation: Notation) -> str:
    """A formula in LaTeX."""
    return latex(displayed(formula, notation))


def value_latex(value: Value, notation: Notation) -> str:
    """Any value in LaTeX."""
    return latex(value_display(value, notation))


@singledispatch
def latex(piece: Display) -> str:
    """One piece of display in LaTeX."""
    raise TypeError(f"no LaTeX for {type(piece).__name__}")


@latex.register
def _(piece: pieces.Word) -> str:
    if piece == pieces.SPACE:
        return r"\,"
    if piece.kind == "text":
        return rf"\text{{{text_latex(piece.text)}}}"
    if piece.kind == "function":
        if piece.text in FUNCTIONS:
            return f"\\{piece.text} "
        return SIGNS.get(piece.text) or rf"\operatorname{{{piece.text}}}"
    return "".join(SIGNS.get(letter, letter) for letter in piece.text)


@latex.register
def _(piece: pieces.Row) -> str:
    return "".join(map(latex, piece.parts))


@latex.register
def _(piece: pieces.Fraction) -> str:
    return rf"\frac{{{latex(piece.above)}}}{{{latex(piece.below)}}}"


@latex.register
def _(piece: pieces.Raised) -> str:
    exponent = piece.exponent
    inner = "T" if exponent == pieces.Word("T", "text") else latex(exponent)
    return f"{{{latex(piece.base)}}}^{{{inner}}}"


@latex.register
def _(piece: pieces.Lowered) -> str:
    return f"{{{latex(piece.base)}}}_{{{latex(piece.index)}}}"


@latex.register
def _(piece: pieces.Hat) -> str:
    return rf"\{'hat' if piece.mark == '^' else 'bar'}{{{latex(piece.base)}}}"


@latex.register
def _(piece: pieces.Root) -> str:
    return rf"\sqrt{{{latex(piece.of)}}}"


@latex.register
def _(piece: pieces.Fence) -> str:
    left, right = (SIGNS.get(part, part) for part in (piece.left, piece.right))
    return rf"\left{left}{latex(piece.inner)}\right{right}"


@latex.register
def _(piece: pieces.Grid) -> str:
    rows = r" \\ ".join(" & ".join(map(latex, row)) for row in piece.rows)
    return rf"\begin{{bmatrix}}{rows}\end{{bmatrix}}"


@latex.register
def _(piece: pieces.Cases) -> str:
    rows = r" \\ ".join(f"{latex(value)} & {latex(condition)}" for value, condition in piece.rows)
    return rf"\begin{{cases}}{rows}\end{{cases}}"


def text_latex(text: str) -> str:
    """Prose in LaTeX: reserved characters escaped, mathematical ones in mathematics."""
    done = []
    for kind, run in groupby(text, _kind):
        letters = "".join(run)
        if kind in ("^", "_"):
            plain = "".join({**RAISED, **LOWERED}[letter] for letter in letters)
            done.append(f"${kind}{{{plain}}}$")
        elif kind == "sign":
            done.append(f"${''.join(SIGNS[letter] for letter in letters).strip()}$")
        else:
            done.append("".join(RESERVED.get(letter, letter) for letter in letters))
    return "".join(done)


def _kind(letter: str) -> str:
    if letter in RAISED or letter in LOWERED:
        return "^" if letter in RAISED else "_"
    return "sign" if letter in SIGNS else "text"


def chain(step: Step, notation: Notation) -> str:
    """The line `of = form = ... = result` as an aligned environment's inside."""
    forms = [formula_latex(form, notation) for form in step.working]
    result = value_latex(step.result, notation)
    if not forms or forms[-1] != result:
        forms.append(result)
    if step.of is None:
        return " \\\\\n".join([forms[0], *(f"&= {form}" for form in forms[1:])])
    left = formula_latex(step.of, notation)
    return " \\\\\n".join([f"{left} &= {forms[0]}", *(f"&= {form}" for form in forms[1:])])


def given(step: Step, notation: Notation) -> str:
    """What is given, in one line of mathematics."""
    pairs = (
        f"{latex(named(name))} = {value_latex(value, notation)}"
        for name, value in step.given.items()
    )
    return r",\quad ".join(pairs)


def document(step: Step) -> str:
    """A whole document that any LaTeX compiles."""
    notation = Notation(decimal=step.decimal)
    body = _body(step, notation, "")
    title = rf"\section*{{{text_latex(step.rule)}}}"
    notes = "\n\n".join(text_latex(note) for note in footnotes(step, notation))
    return f"{PREAMBLE}{title}\n{body}\n\\medskip\n{{\\small {notes}}}\n\\end{{document}}\n"


def _body(step: Step, notation: Notation, number: str) -> str:
    parts = []
    if reason := fresh_reason(step, notation.told):
        parts.append(rf"\textit{{{text_latex(reason)}}}")
    if step.given:
        parts.append(rf"\[ {given(step, notation)} \]")
    if step.table is not None:
        parts.append(_table(step.table, notation))
    for place, finer in enumerate(visible(step), start=1):
        inner = f"{number}{place}"
        inside = _body(finer, notation, inner + ".")
        parts.append(rf"\textbf{{{inner}\quad {text_latex(finer.rule)}}}" + "\n\n" + inside)
    if hidden := hidden_sentence(step):
        parts.append(text_latex(hidden))
    parts.append("\\begin{align*}\n" + chain(step, notation) + "\n\\end{align*}")
    parts.append(rf"{{\color{{teal}}$\checkmark$ {text_latex(check_sentence(step))}}}")
    if step.picture is not None:
        parts.append(text_latex(f"Picture: {step.picture.title}. {step.picture.description}"))
    return "\n\n".join(parts)


def _table(table: NumberTable, notation: Notation) -> str:
    head = " & ".join(_cell(heading, notation) for heading in table.headings)
    rows = [" & ".join(_cell(cell, notation) for cell in row) for row in shown_rows(table)]
    inside = " \\\\\n".join([head + r" \\ \hline", *rows]).replace(r"\hline \\", r"\hline")
    columns = "r" * len(table.headings)
    title = f"{text_latex(table.title)}\n\n" if table.title else ""
    return f"{title}\\begin{{tabular}}{{{columns}}}\n{inside}\n\\end{{tabular}}"


def _cell(value: Value, notation: Notation) -> str:
    return text_latex(value) if isinstance(value, str) else f"${value_latex(value, notation)}$"
