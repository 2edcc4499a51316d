"""The job-shop scorer on the statement's own example and on broken answers."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from scoring import InvalidSubmission

EXAMPLE = {
    "reference": 10,
    "proven": True,
    "operations": [[[1, 3], [2, 2], [3, 2]], [[1, 2], [3, 1], [2, 4]]],
}
Score = Callable[[bytes], Mapping[str, object]]


@pytest.fixture
def score(job_shop_scorer: ModuleType, tmp_path: Path) -> Score:
    """Score an answer for one instance `a` of this board and one `b` of the other."""
    key = {"expected": ["a", "b"], "instances": {"a": EXAMPLE}}
    (tmp_path / "truth.json").write_text(json.dumps(key))

    def run(answer: bytes) -> Mapping[str, object]:
        (tmp_path / "schedules.json").write_bytes(answer)
        result: Mapping[str, object] = job_shop_scorer.score(tmp_path, tmp_path)
        return result

    return run


def case_of(result: Mapping[str, object]) -> Mapping[str, object]:
    cases = result["cases"]
    assert isinstance(cases, list)
    (case,) = cases
    assert isinstance(case, dict)
    return case


def answer_with(schedule: object) -> bytes:
    return json.dumps({"a": schedule, "b": []}).encode()


@pytest.mark.parametrize(
    ("schedule", "makespan"),
    [([[0, 3, 6], [3, 5, 6]], 10), ([[2, 7, 9], [0, 2, 3]], 11), ([[0, 3, 99], [3, 5, 6]], 101)],
)
def test_the_score_is_reference_over_makespan(
    score: Score, schedule: list[list[int]], makespan: int
) -> None:
    result = score(answer_with(schedule))
    assert case_of(result)["makespan"] == makespan
    assert result["scores"] == {"mean_ratio": 10 / makespan, "feasible_rate": 1.0}


@pytest.mark.parametrize(
    ("schedule", "zh", "en"),
    [
        (
            [[0, 2, 6], [3, 5, 6]],
            "工件 1 第 2 道工序于 2 开工，早于第 1 道工序完工时刻 3",
            "job 1 operation 2 starts at 2, before operation 1 ends at 3",
        ),
        (
            [[0, 3, 5], [3, 5, 6]],
            "机器 3：工件 1 与工件 2 在 t=5 至 t=6 重叠",
            "machine 3: jobs 1 and 2 overlap from t=5 to t=6",
        ),
        (
            [[-1, 3, 6], [3, 5, 6]],
            "工件 1 第 1 道工序的开工时刻 -1 早于 0",
            "job 1 operation 1 starts at -1, before time 0",
        ),
        (
            [[0, 3], [3, 5, 6]],
            "工件 1 应有 3 道工序，实际 2 道",
            "job 1 has 3 operations, 2 are scheduled",
        ),
        ([[0, 3, 6]], "应有 2 个工件，实际 1 个", "2 jobs expected, 1 found"),
    ],
)
def test_an_infeasible_schedule_scores_zero_and_says_why(
    score: Score, schedule: list[list[int]], zh: str, en: str
) -> None:
    result = score(answer_with(schedule))
    assert case_of(result)["reason"] == {"zh-Hans": zh, "en": en}
    assert result["scores"] == {"mean_ratio": 0.0, "feasible_rate": 0.0}


def test_an_overlap_hidden_behind_a_long_operation_is_found(
    job_shop_scorer: ModuleType, tmp_path: Path
) -> None:
    key = {
        "expected": ["a"],
        "instances": {
            "a": {"reference": 1, "proven": False, "operations": [[[1, 9]], [[1, 1]], [[1, 1]]]}
        },
    }
    (tmp_path / "truth.json").write_text(json.dumps(key))
    (tmp_path / "schedules.json").write_text('{"a": [[0], [2], [5]]}')
    case = case_of(job_shop_scorer.score(tmp_path, tmp_path))
    violations = case["violations"]
    assert isinstance(violations, list)
    assert [violation["jobs"] for violation in violations] == [[1, 2], [1, 3]]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"nonsense", "not valid JSON"),
        (b'"\xa1"', "not UTF-8"),
        (b"null", "one object"),
        (b'{"a": []}', '1 instances are missing: "b"'),
        (b'{"a": [], "b": [], "c": []}', '1 instances are unknown: "c"'),
        (b'{"a": [], "a": [], "b": []}', 'the key "a" is repeated'),
        (b'{"a": 3, "b": []}', "a: a list is expected"),
        (b'{"a": [3], "b": []}', "a, job 1: a list of start times"),
        (b'{"a": [[0, 5.0]], "b": []}', "a, job 1, operation 2: the start time must be a whole"),
        (b'{"a": [[true]], "b": []}', "not true"),
        (b'{"a": [[1e999]], "b": []}', "not Infinity"),
        (b'{"a": [[-Infinity]], "b": []}', "-Infinity is not allowed"),
        (b'{"a": [[1000000000000]], "b": []}', "more than 9 digits"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
        (b"[" + b" " * (1 << 20) + b"]", "larger than"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(
    score: Score, answer: bytes, said: str
) -> None:
    with pytest.raises(InvalidSubmission) as refused:
        score(answer)
    assert said in str(refused.value)
