"""Formulas as native MathML, with their LaTeX in an annotation."""

from __future__ import annotations

from functools import singledispatch
from html import escape

from pellucid.working.printing import pieces
from pellucid.working.printing.latex import latex
from pellucid.working.printing.pieces import Display


def math(piece: Display) -> str:
    """One formula as a <math> element."""
    note = f'<annotation encoding="application/x-tex">{escape(latex(piece))}</annotation>'
    return f"<math><semantics><mrow>{mathml(piece)}</mrow>{note}</semantics></math>"


def chain_math(left: Display | None, forms: list[Display]) -> str:
    """Lines `left = form`, `= form`, aligned at the equals sign, as one <math> element."""
    rows = []
    for place, form in enumerate(forms):
        first = mathml(left) if left is not None and place == 0 else ""
        sign = "<mo>=</mo>" if left is not None or place else ""
        rows.append(
            f'<mtr><mtd class="left">{_row(first)}</mtd><mtd>{sign}</mtd>'
            f'<mtd class="right">{_row(mathml(form))}</mtd></mtr>'
        )
    source = r" \\ ".join(
        (latex(left) if left is not None and not place else "") + f" &= {latex(form)}"
        for place, form in enumerate(forms)
    )
    note = (
        '<annotation encoding="application/x-tex">'
        + escape(rf"\begin{{aligned}}{source}\end{{aligned}}")
        + "</annotation>"
    )
    table = f'<mtable class="chain" displaystyle="true">{"".join(rows)}</mtable>'
    return f'<math displaystyle="true"><semantics>{table}{note}</semantics></math>'


def _row(inside: str) -> str:
    return f"<mrow>{inside}</mrow>"


TALL = {"(": "round", "|": "bars", "‖": "bars"}


@singledispatch
def mathml(piece: Display) -> str:
    """One piece of display as presentation MathML."""
    raise TypeError(f"no MathML for {type(piece).__name__}")


@mathml.register
def _(piece: pieces.Word) -> str:
    if piece == pieces.SPACE:
        return '<mspace width="0.17em"/>'
    text = escape(piece.text)
    if piece.kind == "number":
        return f"<mn>{text}</mn>"
    if piece.kind == "name":
        upright = ' mathvariant="normal"' if piece.text in ("d", "∂") else ""
        return f"<mi{upright}>{text}</mi>"
    if piece.kind == "function":
        return f"<mi>{text}</mi><mo>&#x2061;</mo>"
    if piece.kind == "text" and text.isalpha():
        return f"<mi>{text}</mi>"  # upright, and unlike text it keeps the space around "="
    if piece.kind == "text":
        return f"<mtext>{text.replace(' ', '&#xA0;')}</mtext>"
    return f"<mo>{text.strip()}</mo>"


@mathml.register
def _(piece: pieces.Row) -> str:
    return _row("".join(map(mathml, piece.parts)))


@mathml.register
def _(piece: pieces.Fraction) -> str:
    return f"<mfrac>{_row(mathml(piece.above))}{_row(mathml(piece.below))}</mfrac>"


@mathml.register
def _(piece: pieces.Raised) -> str:
    return f"<msup>{_row(mathml(piece.base))}{_row(mathml(piece.exponent))}</msup>"


@mathml.register
def _(piece: pieces.Lowered) -> str:
    return f"<msub>{_row(mathml(piece.base))}{_row(mathml(piece.index))}</msub>"


@mathml.register
def _(piece: pieces.Hat) -> str:
    mark = "^" if piece.mark == "^" else "¯"
    return (
        f'<mover accent="true">{_row(mathml(piece.base))}<mo stretchy="false">{mark}</mo></mover>'
    )


@mathml.register
def _(piece: pieces.Root) -> str:
    return f"<msqrt>{mathml(piece.of)}</msqrt>"


@mathml.register
def _(piece: pieces.Fence) -> str:
    kind = f' class="{TALL[piece.left]}"' if is_tall(piece.inner) else ""
    return f"<mrow{kind}>{_bracket(piece.left)}{mathml(piece.inner)}{_bracket(piece.right)}</mrow>"


def is_tall(piece: Display) -> bool:
    """Say whether a piece stands over several lines, so that its brackets must be drawn tall."""
    if isinstance(piece, pieces.Row):
        return any(map(is_tall, piece.parts))
    if isinstance(piece, pieces.Fence):
        return is_tall(piece.inner)
    return isinstance(piece, (pieces.Fraction, pieces.Grid, pieces.Cases))


def _bracket(sign: str) -> str:
    """A bracket; beside something tall the style draws it instead, as few fonts can stretch it."""
    form = "prefix" if sign in "([{" else "postfix"
    return f'<mo class="bracket" form="{form}" fence="true">{sign}</mo>'


@mathml.register
def _(piece: pieces.Grid) -> str:
    rows = "".join(
        "<mtr>" + "".join(f"<mtd>{_row(mathml(cell))}</mtd>" for cell in row) + "</mtr>"
        for row in piece.rows
    )
    table = f'<mtable class="grid">{rows}</mtable>'
    return f'<mrow class="square">{_bracket("[")}{table}{_bracket("]")}</mrow>'


@mathml.register
def _(piece: pieces.Cases) -> str:
    rows = "".join(
        f'<mtr><mtd class="right">{_row(mathml(value))}</mtd>'
        f'<mtd class="right">{_row(mathml(condition))}</mtd></mtr>'
        for value, condition in piece.rows
    )
    return f'<mrow class="brace">{_bracket("{")}<mtable class="cases">{rows}</mtable></mrow>'
