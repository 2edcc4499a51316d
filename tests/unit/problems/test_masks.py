"""Where pictures may stand for the rows of an answer: it must be masks and nothing else."""

from copy import deepcopy
from typing import Any

import pytest

from problems.spec import ProblemSpec
from scoring.formats import Format
from tests.factories.problems import SPEC

COLUMN = {
    "key": "dice",
    "metric": "dice_mean",
    "target": ["mask", "height", "width"],
    "prediction": "mask",
    "direction": "max",
}


def formats(**columns: dict[str, Any]) -> tuple[Format, ...]:
    spec: dict[str, Any] = deepcopy(SPEC)
    spec["submission"]["table"] = {"key": ["id"], "columns": {"id": {"type": "string"}, **columns}}
    spec["scoring"] = {"partition": "rows", "columns": [{**COLUMN, "primary": True}]}
    return ProblemSpec.model_validate(spec).table_formats


@pytest.mark.parametrize(
    ("columns", "is_taken"),
    [
        ({"mask": {"type": "string", "nullable": True}}, True),
        ({"mask": {"type": "string"}, "label": {"type": "string"}}, False),
        ({"mask": {"type": "integer"}}, False),
    ],
)
def test_pictures_are_taken_for_masks_alone(
    columns: dict[str, dict[str, Any]], *, is_taken: bool
) -> None:
    found = formats(**columns)
    assert (Format.PICTURES in found) == is_taken
    assert Format.PARQUET in found


def test_other_metrics_take_no_pictures() -> None:
    assert Format.PICTURES not in ProblemSpec.model_validate(deepcopy(SPEC)).table_formats
