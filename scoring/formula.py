"""Columns made of other columns: a small language of arithmetic, parsed and never run as code.

A formula is written as in `0.2 * accuracy + 0.8 * map`: numbers, keys of other columns, `+ - * /`,
brackets, and the functions of `FUNCTIONS`. Python's parser reads it; what is not among the types of
nodes below is refused with its place, so nothing else can be said.
"""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

__all__ = ["FUNCTIONS", "Formula", "FormulaError", "FormulaFault"]

MAX_LENGTH: Final = 500
MAX_NODES: Final = 200
_SHOWN: Final = 40


class FormulaFault(StrEnum):
    """What may be wrong with a formula."""

    TOO_LONG = "too_long"
    SYNTAX = "syntax"
    NOT_ALLOWED = "not_allowed"
    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_FUNCTION = "unknown_function"
    ARGUMENTS = "arguments"
    POINTS = "points"


class FormulaError(ValueError):
    """A formula cannot be read; `at` is the place of the fault within it, counted from 1."""

    def __init__(self, reason: FormulaFault, at: int, name: str = "") -> None:
        """Take the reason, its place, and what was found there."""
        super().__init__(f"{reason} at {at}: {name}")
        self.reason = reason
        self.at = at
        self.name = name


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _piecewise(value: float, *points: float) -> float:
    """Return the height at `value` of the line through x1, y1, x2, y2, …; flat beyond its ends."""
    xs, ys = points[::2], points[1::2]
    if value <= xs[0]:
        return ys[0]
    for place in range(1, len(xs)):
        if value <= xs[place]:
            share = (value - xs[place - 1]) / (xs[place] - xs[place - 1])
            return ys[place - 1] + share * (ys[place] - ys[place - 1])
    return ys[-1]


def _mean(*values: float) -> float:
    return math.fsum(values) / len(values)


def _geometric_mean(*values: float) -> float:
    product = math.prod(values)
    return product ** (1.0 / len(values)) if product >= 0 else math.nan


@dataclass(frozen=True, slots=True)
class _Function:
    """A function of the language: how many arguments it takes at least and at most."""

    call: Callable[..., float]
    least: int
    most: int
    said: str


FUNCTIONS: Final[Mapping[str, _Function]] = {
    "min": _Function(min, 2, 20, "the smallest"),
    "max": _Function(max, 2, 20, "the largest"),
    "mean": _Function(_mean, 1, 20, "the arithmetic mean"),
    "geometric_mean": _Function(_geometric_mean, 1, 20, "the geometric mean"),
    "abs": _Function(abs, 1, 1, "the size without its sign"),
    "sqrt": _Function(math.sqrt, 1, 1, "the square root"),
    "log": _Function(math.log, 1, 1, "the natural logarithm"),
    "exp": _Function(math.exp, 1, 1, "e to the power"),
    "clip": _Function(_clip, 3, 3, "clip(x, low, high): x kept between the two"),
    "piecewise": _Function(
        _piecewise, 5, 41, "piecewise(x, x1, y1, x2, y2, …): straight lines through the points"
    ),
}

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that has been read: what it is made of, ready to be worked out."""

    text: str
    names: tuple[str, ...]
    """The columns it uses, each once, in the order of their first use."""
    _tree: ast.expr

    @classmethod
    def read(cls, text: str) -> "Formula":
        """Read a formula; raise `FormulaError`."""
        if len(text) > MAX_LENGTH:
            raise FormulaError(FormulaFault.TOO_LONG, MAX_LENGTH)
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            at = getattr(error, "offset", None) or 1
            raise FormulaError(FormulaFault.SYNTAX, int(at)) from None
        names: dict[str, None] = {}
        if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
            raise FormulaError(FormulaFault.TOO_LONG, MAX_LENGTH)
        _check(tree, names)
        return cls(text, tuple(names), tree)

    def value(self, columns: Mapping[str, float]) -> float:
        """Return what the formula comes to; NaN where it is undefined (a division by zero, …).

        Raises:
            KeyError: a column it uses is not among `columns`.
        """
        try:
            return float(_value(self._tree, columns))
        except (ZeroDivisionError, ValueError, OverflowError):
            return math.nan


def _check(node: ast.expr, names: dict[str, None]) -> None:
    if isinstance(node, ast.Constant):
        _check_number(node)
    elif isinstance(node, ast.Name):
        names[node.id] = None
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check(node.operand, names)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        _check(node.left, names)
        _check(node.right, names)
    elif isinstance(node, ast.Call):
        _check_call(node, names)
    else:
        raise FormulaError(FormulaFault.NOT_ALLOWED, node.col_offset + 1, type(node).__name__)


def _check_number(node: ast.Constant) -> None:
    is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if not is_number or not math.isfinite(_as_float(node.value)):
        shown = repr(node.value)[:_SHOWN]
        raise FormulaError(FormulaFault.NOT_A_NUMBER, node.col_offset + 1, shown)


def _as_float(value: object) -> float:
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.inf


def _check_call(node: ast.Call, names: dict[str, None]) -> None:
    at = node.col_offset + 1
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    function = FUNCTIONS.get(name)
    if function is None:
        raise FormulaError(FormulaFault.UNKNOWN_FUNCTION, at, name)
    count = len(node.args)
    odd = name == "piecewise" and count % 2 == 0
    if node.keywords or odd or not function.least <= count <= function.most:
        raise FormulaError(FormulaFault.ARGUMENTS, at, name)
    for argument in node.args:
        _check(argument, names)
    if name == "piecewise":
        _check_points(node)


def _check_points(node: ast.Call) -> None:
    """Points are numbers, from left to right."""
    values = [_value(argument, {}) for argument in node.args[1:] if _is_plain(argument)]
    xs = values[::2]
    rising = all(left < right for left, right in pairwise(xs))
    if len(values) != len(node.args) - 1 or not rising:
        raise FormulaError(FormulaFault.POINTS, node.col_offset + 1, "piecewise")


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_plain(node.operand)
    return isinstance(node, ast.Constant)


def _value(node: ast.expr, columns: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant):
        return _as_float(node.value)
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, columns)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        operate = _OPERATORS[type(node.op)]
        return operate(_value(node.left, columns), _value(node.right, columns))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        arguments = [_value(argument, columns) for argument in node.args]
        return float(FUNCTIONS[node.func.id].call(*arguments))
    message = f"a {type(node).__name__} was not refused"
    raise TypeError(message)
