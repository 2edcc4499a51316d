"""Columns that show what a run used are refused where there is no such run."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from problems.spec import ProblemSpec
from tests.factories.problems import SPEC


def spec(run: str, **changes: object) -> dict[str, Any]:
    found: dict[str, Any] = deepcopy(SPEC)
    found["submission"]["kinds"] = ["code"]
    found["scoring"]["columns"].append({"key": "used", "run": run, "direction": "min"})
    return {**found, **changes}


def test_a_program_has_a_run() -> None:
    for run in ("wall_s_per_item", "cpu_s", "peak_memory_bytes", "code_bytes"):
        assert ProblemSpec.model_validate(spec(run)).scoring.timed[0].run == run
    with_card = spec("gpu_s_per_item")
    with_card["resources"]["gpus"] = 1
    assert ProblemSpec.model_validate(with_card).scoring.timed


def test_per_item_needs_rows_to_count() -> None:
    scorer = {
        "partition": "rows",
        "scorer": "scorer.py",
        "columns": [
            {"key": "cost", "direction": "min", "primary": True},
            {"key": "used", "run": "wall_s_per_item", "direction": "min"},
        ],
    }
    with pytest.raises(ValidationError, match="run_needs_table"):
        ProblemSpec.model_validate(spec("wall_s", scoring=scorer))
    scorer["columns"][1]["run"] = "wall_s"  # type: ignore[index]
    assert ProblemSpec.model_validate(spec("wall_s", scoring=scorer)).scoring.timed


def test_tokens_are_reported_beside_the_answer() -> None:
    with_tokens = spec("tokens_per_item")
    assert ProblemSpec.model_validate(with_tokens).scoring.needs_usage
    with_tokens["submission"]["file"] = "usage.json"
    with pytest.raises(ValidationError, match="usage_is_answer"):
        ProblemSpec.model_validate(with_tokens)
