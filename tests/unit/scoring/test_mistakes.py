"""Pictures of where an answer is wrong: counted right, bounded, and of nothing but counts."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.mistakes import ACROSS, MOST_CLASSES, UP, draw_mistakes
from scoring.spec import Scoring
from scoring.tables import Table


def scoring(metric: str, direction: str = "max") -> Scoring:
    column = {"key": "main", "metric": metric, "target": ["y"], "direction": direction}
    return Scoring.model_validate({"partition": "rows", "columns": [column | {"primary": True}]})


def table(values: list[object], dtype: type) -> Table:
    ids = np.array([f"r{n}" for n in range(len(values))], dtype=object)
    lines = np.arange(len(values))
    return Table(("id",), {"id": ids, "y": np.array(values, dtype=dtype)}, lines)


def test_confusions_are_counted_truth_by_answer() -> None:
    true, answered = table(["a", "a", "b", "c"], object), table(["a", "b", "b", "b"], object)
    found = draw_mistakes(answered, true, scoring("f1_macro"))
    assert found == {
        "column": "main",
        "kind": "confusion",
        "labels": ["a", "b", "c"],
        "others": 0,
        "counts": [[1, 1, 0], [0, 1, 0], [0, 1, 0]],
    }


def test_many_classes_become_twenty_and_all_others() -> None:
    names: list[object] = [f"c{n:03}" for n in range(200)]
    often: list[object] = [f"c{n:03}" for n in range(MOST_CLASSES)]
    found = draw_mistakes(
        table(names + often, object), table(names + often, object), scoring("accuracy")
    )
    assert found is not None
    counts = np.array(found["counts"])
    assert counts.shape == (MOST_CLASSES + 1, MOST_CLASSES + 1)
    assert found["others"] == 200 - MOST_CLASSES
    assert counts.sum() == 200 + MOST_CLASSES
    assert counts[-1, -1] == 200 - MOST_CLASSES
    assert len(json.dumps(found)) < 5_000


def test_residuals_are_counted_over_the_truth() -> None:
    true, answered = table([0.0, 10.0, 10.0], float), table([0.0, 11.0, 9.0], float)
    found = draw_mistakes(answered, true, scoring("rmse", "min"))
    assert found is not None
    counts = np.array(found["counts"])
    assert counts.shape == (UP, ACROSS)
    assert (found["low"], found["high"], found["bias"]) == (0.0, 10.0, 0.0)
    assert counts[UP // 2, 0] == 1
    assert counts[UP - 1, ACROSS - 1] == counts[0, ACROSS - 1] == 1


def test_a_metric_of_something_else_has_no_picture() -> None:
    true, answered = table([1.0, 0.0], float), table([0.5, 0.5], float)
    assert draw_mistakes(answered, true, scoring("roc_auc")) is None


@pytest.mark.parametrize("values", [[5.0, 5.0], [float("nan"), 1.0]])
def test_flat_and_missing_values_do_no_harm(values: list[object]) -> None:
    found = draw_mistakes(table(values, float), table(values, float), scoring("mae", "min"))
    assert found is not None
    assert np.array(found["counts"]).sum() == sum(value == value for value in values)  # noqa: PLR0124 — NaN is not itself


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30))
def test_any_numbers_make_plain_json_or_nothing(rows: list[tuple[float, float]]) -> None:
    true, answered = [row[0] for row in rows], [row[1] for row in rows]
    with np.errstate(all="ignore"):
        found = draw_mistakes(
            table(list(answered), float), table(list(true), float), scoring("rmse", "min")
        )
    if found is not None:
        json.loads(json.dumps(found, allow_nan=False))
