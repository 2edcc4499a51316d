"""Columns made of other columns: arithmetic, and nothing but arithmetic."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import Scoring
from scoring.errors import InvalidScores
from scoring.finite import finish_scores
from scoring.formula import Formula, FormulaError, FormulaFault

COLUMNS = {"acc": 0.9, "map": 0.5, "seconds": 12.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.2 * acc + 0.8 * map", 0.58),
        ("-(acc - map) / 2", -0.2),
        ("min(acc, map, 0.7)", 0.5),
        ("max(acc, map)", 0.9),
        ("mean(acc, map)", 0.7),
        ("geometric_mean(4, 9)", 6.0),
        ("clip(seconds, 0, 10)", 10.0),
        ("abs(map - acc) + sqrt(4) + log(exp(1))", 3.4),
        ("piecewise(seconds, 0, 1, 10, 0.5, 20, 0)", 0.4),
        ("piecewise(0 - 5, 0, 1, 10, 0)", 1.0),
        ("piecewise(99, 0, 1, 10, 0)", 0.0),
        ("piecewise(5, -5, 0, +15, 1)", 0.5),
    ],
)
def test_arithmetic(text: str, value: float) -> None:
    assert Formula.read(text).value(COLUMNS) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "1 / (acc - acc)",
        "log(0)",
        "sqrt(0 - 1)",
        "exp(1000)",
        "geometric_mean(0 - 4, 9)",
    ],
)
def test_what_is_undefined_is_no_number(text: str) -> None:
    assert math.isnan(Formula.read(text).value(COLUMNS))


@pytest.mark.parametrize(
    ("text", "fault", "at"),
    [
        ("acc +", FormulaFault.SYNTAX, 1),
        ("acc ** 99", FormulaFault.NOT_ALLOWED, 1),
        ("acc.real", FormulaFault.NOT_ALLOWED, 1),
        ("[acc]", FormulaFault.NOT_ALLOWED, 1),
        ("acc if map else 1", FormulaFault.NOT_ALLOWED, 1),
        ("1 + (lambda: 1)", FormulaFault.NOT_ALLOWED, 6),
        ("acc < map", FormulaFault.NOT_ALLOWED, 1),
        ("not acc", FormulaFault.NOT_ALLOWED, 1),
        ('f"{acc}"', FormulaFault.NOT_ALLOWED, 1),
        ("acc * True", FormulaFault.NOT_A_NUMBER, 7),
        ("acc * 1e999", FormulaFault.NOT_A_NUMBER, 7),
        ("acc * 1j", FormulaFault.NOT_A_NUMBER, 7),
        ("__import__(acc)", FormulaFault.UNKNOWN_FUNCTION, 1),
        ("(min)(acc, map)()", FormulaFault.UNKNOWN_FUNCTION, 1),
        ("min(acc)", FormulaFault.ARGUMENTS, 1),
        ("clip(acc, low=0, high=1)", FormulaFault.ARGUMENTS, 1),
        ("max(*acc)", FormulaFault.ARGUMENTS, 1),
        ("piecewise(acc, 0, 1, 1)", FormulaFault.ARGUMENTS, 1),
        ("piecewise(acc, 0, 1, map, 1)", FormulaFault.POINTS, 1),
        ("piecewise(acc, 0, 1, 0, 1)", FormulaFault.POINTS, 1),
        ("1+" * 240 + "1", FormulaFault.TOO_LONG, 500),
        ("a" * 501, FormulaFault.TOO_LONG, 500),
    ],
)
def test_nothing_else_can_be_said(text: str, fault: FormulaFault, at: int) -> None:
    with pytest.raises(FormulaError) as refusal:
        Formula.read(text)
    assert (refusal.value.reason, refusal.value.at) == (fault, at)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        formula = Formula.read(text)
    except FormulaError:
        return
    formula.value(dict.fromkeys(formula.names, 1.0))


def board(**formulas: str) -> Scoring:
    measured: dict[str, object] = {
        "key": "acc",
        "metric": "accuracy",
        "target": "label",
        "primary": True,
    }
    computed: list[dict[str, object]] = [
        {"key": key, "formula": text} for key, text in formulas.items()
    ]
    columns = [{"direction": "max", **column} for column in (measured, *computed)]
    return Scoring.model_validate({"partition": "rows", "columns": tuple(columns)})


def test_formulas_may_use_each_other_in_any_order() -> None:
    scores = finish_scores({"acc": 0.5}, board(double="2 * half", half="acc / 2"))

    assert scores == {"acc": 0.5, "half": 0.25, "double": 0.5}


def test_an_undefined_column_is_an_invalid_score_by_name() -> None:
    with pytest.raises(InvalidScores, match="inverse"):
        finish_scores({"acc": 0.0}, board(inverse="1 / acc"))
    with pytest.raises(InvalidScores, match="double"):
        finish_scores({"acc": 0.5, "double": 9.0}, board(double="2 * acc"))
