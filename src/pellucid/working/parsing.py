"""User-written mathematics to formulas: a whitelist over Python's grammar; nothing is executed."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pellucid.errors import UsageError
from pellucid.working import formula as tree
from pellucid.working.arithmetic import Scalar, Undefined, simplest
from pellucid.working.array_functions import ARRAY_FUNCTIONS
from pellucid.working.evaluation import evaluate
from pellucid.working.formula import Formula, children, symbols
from pellucid.working.functions import FUNCTIONS, SEVERAL, SPELLINGS

LONGEST_TEXT = 10_000  # characters
DEEPEST = 30  # brackets within brackets
DEEPEST_TREE = 60  # operations within operations
MOST_PARTS = 4_000
MOST_DIGITS = 40  # of one number
LARGEST_EXPONENT = 100
LARGEST_POWER_OF_TEN = 308  # beyond it float64 ends
KNOWN = {*FUNCTIONS, *SEVERAL, *ARRAY_FUNCTIONS, "transpose"}

# CPython 3.11 counts the depth of all threads' parsing together: "recursion depth mismatch".
_ONE_AT_A_TIME = threading.Lock()
_ALLOWED = re.compile(r"[\w\s.+\-*/^@()\[\],<>=]*")
_LONG_NUMBER = re.compile(rf"\d{{{MOST_DIGITS + 1},}}")
_GLUED = re.compile(r"(?<![\w.])(\d+(?:\.\d*)?)(?!e[+-]?\d)([^\W\d_]\w*)")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e([+-]?\d{1,6}))?")
_COMPARISONS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_TYPOGRAPHY = str.maketrans({"−": "-", "·": "*", "×": "*", "÷": "/", "λ": "lam", "π": "pi"})


def parse(text: str) -> Formula:
    """Read an expression such as "sin(x)**2", "1/3" or "[[a, 2], [3, 4]]"."""
    source = _tidied(text)
    try:
        with _ONE_AT_A_TIME:
            found = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise fault(text, "it is not complete. Write it as in sin(x)**2 + 3*x*y.") from None
    if sum(1 for _ in ast.walk(found)) > MOST_PARTS:
        raise fault(text, f"it has more than {MOST_PARTS:,} parts.")
    try:
        node = _Reader(text, source.encode()).node(found)
    except RecursionError:
        raise fault(text, f"it is nested more than {DEEPEST_TREE} deep.") from None
    if _depth(node) > DEEPEST_TREE:
        raise fault(text, f"it is nested more than {DEEPEST_TREE} deep.")
    return node


def fault(text: str, what: str) -> UsageError:
    """An error that shows the text."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    return UsageError(f"Cannot read {shown!r} as mathematics: {what}")


def decimal(written: str) -> Scalar:
    """The exact value of a decimal number; its size is bounded before it is computed."""
    found = _DECIMAL.fullmatch(written)
    if found is None:
        raise fault(written, "it is not a number.")
    if len(found[1]) > MOST_DIGITS:
        raise fault(written, f"the number has more than {MOST_DIGITS} digits.")
    if abs(int(found[3] or 0)) > LARGEST_POWER_OF_TEN:
        raise fault(written, f"the power of ten is beyond {LARGEST_POWER_OF_TEN}.")
    return simplest(Fraction(written))


def _tidied(text: str) -> str:
    """Refuse what is too long, too deep or not mathematics before the grammar sees it."""
    if len(text) > LONGEST_TEXT:
        raise fault(text, f"it has {len(text):,} characters; at most {LONGEST_TEXT:,} are read.")
    source = " ".join(text.translate(_TYPOGRAPHY).replace("^", "**").split())
    source = re.sub(r"\blambda\b", "lam", source)
    if not source:
        raise fault(text, "it is empty.")
    if not _ALLOWED.fullmatch(source):
        strange = next(letter for letter in source if not _ALLOWED.fullmatch(letter))
        raise fault(text, f"the character {strange!r} has no meaning here.")
    if _LONG_NUMBER.search(source):
        raise fault(text, f"a number has more than {MOST_DIGITS} digits.")
    if glued := _GLUED.search(source):
        raise fault(text, f"write {glued[1]}*{glued[2]} for {glued[1]}{glued[2]}.")
    depth = deepest = 0
    for letter in source:
        depth += (letter in "([") - (letter in ")]")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise fault(text, f"its brackets are nested more than {DEEPEST} deep.")
    return source


def _depth(node: Formula) -> int:
    return 1 + max(map(_depth, children(node)), default=0)


class _Reader:
    """Turns Python's syntax tree into formulas; keeps the text for messages."""

    def __init__(self, text: str, source: bytes) -> None:
        self.text = text
        self.source = source
        self.readers: dict[type[ast.expr], Callable[[Any], Formula]] = {
            ast.Constant: self.constant,
            ast.Name: self.name,
            ast.UnaryOp: self.sign,
            ast.BinOp: self.operation,
            ast.Call: self.call,
            ast.List: self.array,
            ast.Tuple: self.array,
            ast.IfExp: self.choice,
            ast.Compare: self.comparison,
        }

    def fault(self, what: str) -> UsageError:
        return fault(self.text, what)

    def unknown(self, node: ast.AST) -> UsageError:
        return self.fault(f"{type(node).__name__} is not part of the mathematics known here.")

    def node(self, node: ast.expr) -> Formula:
        """Read any node of the whitelist."""
        if type(node) not in self.readers:
            raise self.unknown(node)
        return self.readers[type(node)](node)

    def constant(self, node: ast.Constant) -> Formula:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self.fault(f"{str(node.value)[:20]} is not a number.")
        written = self.source[node.col_offset : node.end_col_offset].decode()
        return tree.Number(decimal(written.replace("_", "").lower()))

    def name(self, node: ast.Name) -> Formula:
        name = "lambda" if node.id == "lam" else node.id
        if name.startswith("__") or len(name) > 20:
            raise self.fault(f"{name[:30]!r} cannot be the name of a variable.")
        if name in KNOWN or name in SPELLINGS:
            raise self.fault(f"{name} is a function; write {name}(x).")
        return tree.Symbol(name)

    def sign(self, node: ast.UnaryOp) -> Formula:
        if not isinstance(node.op, (ast.USub, ast.UAdd)):
            raise self.unknown(node.op)
        inner = self.node(node.operand)
        if isinstance(node.op, ast.UAdd):
            return inner
        return tree.Number(-inner.value) if isinstance(inner, tree.Number) else tree.Negative(inner)

    def operation(self, node: ast.BinOp) -> Formula:
        left, right = self.node(node.left), self.node(node.right)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            terms = left.terms if isinstance(left, tree.Sum) else (left,)
            return tree.Sum((*terms, right if isinstance(node.op, ast.Add) else _negated(right)))
        if isinstance(node.op, (ast.Mult, ast.MatMult)):
            factors = left.factors if isinstance(left, tree.Product) else (left,)
            return tree.Product((*factors, right))
        if isinstance(node.op, ast.Div):
            return self.quotient(left, right)
        if isinstance(node.op, ast.Pow):
            return self.power(left, right)
        raise self.unknown(node.op)

    def quotient(self, left: Formula, right: Formula) -> Formula:
        """A quotient of whole numbers becomes one exact number."""
        if not isinstance(right, tree.Number):
            return tree.Quotient(left, right)
        if right.value == 0:
            raise self.fault("it divides by zero.")
        if isinstance(left, tree.Number):
            return tree.Number(simplest(Fraction(left.value) / Fraction(right.value)))  # type: ignore[arg-type]
        return tree.Quotient(left, right)

    def power(self, left: Formula, right: Formula) -> Formula:
        """A power whose exponent, when it is a number, is small."""
        if not symbols(right):
            try:
                exponent: Any = evaluate(right)
            except Undefined:
                raise self.fault("its exponent is not a number.") from None
            if isinstance(exponent, tuple) or abs(exponent) > LARGEST_EXPONENT:
                raise self.fault(f"the exponent {str(exponent)[:20]} is beyond {LARGEST_EXPONENT}.")
        return tree.Power(left, right)

    def call(self, node: ast.Call) -> Formula:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.fault("only functions with a plain name are known.")
        name = SPELLINGS.get(node.func.id, node.func.id)
        if name not in KNOWN:
            known = ", ".join(sorted(KNOWN))
            raise self.fault(f"no function is called {name[:30]!r}; known are {known}.")
        if name in SEVERAL and len(node.args) < 2:
            raise self.fault(f"{name} takes two or more arguments.")
        if name not in SEVERAL and len(node.args) != 1:
            raise self.fault(f"{name} takes one argument.")
        arguments = tuple(map(self.node, node.args))
        return tree.Transpose(*arguments) if name == "transpose" else tree.Call(name, arguments)

    def array(self, node: ast.List | ast.Tuple) -> Formula:
        if not node.elts:
            raise self.fault("an array needs at least one entry.")
        return tree.Array(tuple(map(self.node, node.elts)))

    def choice(self, node: ast.IfExp) -> Formula:
        condition = self.node(node.test)
        if not isinstance(condition, tree.Comparison):
            raise self.fault("after 'if' a comparison is needed, as in x if x > 0 else 0.")
        return tree.Choice(condition, self.node(node.body), self.node(node.orelse))

    def comparison(self, node: ast.Compare) -> Formula:
        sign = _COMPARISONS.get(type(node.ops[0]))
        if len(node.ops) != 1 or sign is None:
            raise self.fault("a comparison has two sides and one of < <= > >=.")
        return tree.Comparison(self.node(node.left), sign, self.node(node.comparators[0]))


def _negated(node: Formula) -> Formula:
    return tree.Number(-node.value) if isinstance(node, tree.Number) else tree.Negative(node)
