import pytest

from scoring.metrics.rules import find_misfits
from scoring.spec import BoardColumn
from tests.unit.scoring.tables_under_test import TABLE


def misfits(**changes: object) -> list[tuple[tuple[str | int, ...], str]]:
    column = {"key": "c", "target": "y", "prediction": "score", "direction": "min", **changes}
    found = find_misfits(BoardColumn.model_validate(column), TABLE)
    return [(misfit.place, misfit.code) for misfit in found]


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "rmse"},
        {"metric": "pinball", "params": {"quantiles": (0.5,)}},
        {"metric": "brier_score"},
        {"metric": "mase", "target": ("y", "scale")},
        {"metric": "mcmae", "target": ("y", "z"), "prediction": ("score", "score")},
        {"metric": "voc_ap", "prediction": "id", "direction": "max", "params": {"iou": 0.3}}
        | {"target": "boxes"},
        {"metric": "f1_macro", "target": "label", "prediction": None, "direction": "max"},
        {"metric": "miss_rate_at_far", "params": {"far": 0.02, "positive": ("open", "short")}},
        {
            "metric": "log_loss",
            "prediction": ("score", "score"),
            "params": {"labels": ("a", "b")},
        },
    ],
)
def test_columns_that_fit(changes: dict[str, object]) -> None:
    assert misfits(**changes) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"metric": "no_such"}, [(("metric",), "not_allowed")]),
        ({"metric": "rmse", "direction": "max"}, [(("direction",), "wrong_direction")]),
        ({"metric": "rmse", "prediction": "label"}, [(("prediction",), "prediction_type")]),
        ({"metric": "rmse", "params": {"x": 1}}, [(("params", "x"), "param_unknown")]),
        (
            {"metric": "pinball", "params": {"quantiles": 0.5}},
            [(("params", "quantiles"), "param_value")],
        ),
        (
            {"metric": "pinball", "params": {"quantiles": (0.1, 0.9)}},
            [(("prediction",), "prediction_count")],
        ),
        (
            {"metric": "miss_rate_at_far", "params": {"far": True}},
            [(("params", "far"), "param_value")],
        ),
        (
            {"metric": "miss_rate_at_far", "params": {"far": 0.1, "positive": ("a", "a")}},
            [(("params", "positive"), "param_value")],
        ),
        (
            {"metric": "log_loss", "prediction": ("score", "score")},
            [(("prediction",), "classes_missing")],
        ),
        ({"metric": "mase"}, [(("target",), "target_count")]),
        ({"metric": "rmse", "target": ("y", "z")}, [(("target",), "one_target")]),
        ({"metric": "mcmae", "target": ("y", "z")}, [(("target",), "target_per_prediction")]),
        ({"metric": "char_f1", "direction": "max"}, [(("prediction",), "prediction_type")]),
        (
            {"metric": "nab", "direction": "max", "target": ("event", "series")}
            | {"params": {"profile": "generous"}},
            [(("params", "profile"), "param_value")],
        ),
        (
            {"metric": "event_f1", "direction": "max", "target": ("event", "series")}
            | {"params": {"lead": 0.5}},
            [(("params", "lead"), "param_value")],
        ),
    ],
)
def test_columns_that_do_not(
    changes: dict[str, object], expected: list[tuple[tuple[str | int, ...], str]]
) -> None:
    assert misfits(**changes) == expected
