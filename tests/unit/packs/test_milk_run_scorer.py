"""The milk-run scorer on the statement's own example and on broken answers."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from scoring import InvalidSubmission

DIRECT = 934.728  # one vehicle per supplier: 3 x 240 + 3 x 71.576
REFERENCE = 600.0


def supplier(name: str, place: tuple[int, int], demand: int, times: tuple[int, int, int]) -> object:
    ready, due, service = times
    x, y = place
    return {
        "id": name,
        "x": x,
        "y": y,
        "demand": demand,
        "ready": ready,
        "due": due,
        "service": service,
    }


EXAMPLE = {
    "reference": REFERENCE,
    "vehicle": {"capacity": 20, "fixed_cost": 240, "cost_per_km": 3},
    "plant": {"x": 30000, "y": 20000, "open": 420, "close": 1140},
    "suppliers": [
        supplier("S001", (36000, 28000), 6, (480, 540, 18)),
        supplier("S002", (36000, 31000), 8, (570, 600, 22)),
        supplier("S003", (27000, 16000), 7, (420, 1080, 20)),
    ],
}
Score = Callable[[str | bytes | Mapping[str, object]], Mapping[str, object]]


@pytest.fixture
def score(milk_run_scorer: ModuleType, tmp_path: Path) -> Score:
    """Score an answer for one instance `mr01` of this board and one `mr02` of the other."""
    key = {"expected": ["mr01", "mr02"], "instances": {"mr01": EXAMPLE}}
    (tmp_path / "truth.json").write_text(json.dumps(key))

    def run(answer: str | bytes | Mapping[str, object]) -> Mapping[str, object]:
        text = json.dumps(answer) if isinstance(answer, Mapping) else answer
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "routes.json").write_bytes(data)
        result: Mapping[str, object] = milk_run_scorer.score(tmp_path, tmp_path)
        return result

    return run


def only_case(result: Mapping[str, object]) -> Mapping[str, object]:
    cases = result["cases"]
    assert isinstance(cases, list)
    (case,) = cases
    assert isinstance(case, dict)
    return case


def test_the_example_of_the_statement_costs_what_it_says(score: Score) -> None:
    result = score({"mr01": [["S001", "S002"], ["S003"]], "mr02": []})
    case = only_case(result)
    assert case["cost"] == 618.564
    assert case["vehicles"] == 2
    assert case["distance_km"] == 46.188
    assert result["scores"] == {"normalised_cost": 618.564 / REFERENCE, "feasible_rate": 1.0}


def test_a_late_stop_is_named_and_costs_the_penalty(score: Score) -> None:
    result = score({"mr01": [["S002", "S001"], ["S003"]], "mr02": []})
    case = only_case(result)
    assert case["reason"] == {
        "zh-Hans": "车辆 1 第 2 站 S001：到达 09:59，晚于时间窗 09:00",
        "en": "vehicle 1 stop 2 S001: arrives 09:59, after the window closes at 09:00",
    }
    assert case["score"] == pytest.approx(1.5 * DIRECT / REFERENCE)
    assert result["scores"] == {"normalised_cost": case["score"], "feasible_rate": 0.0}


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        ([["S001", "S002"]], ["not_served"]),
        ([], ["not_served"] * 3),
        ([["S001", "S002"], ["S003", "S001"]], ["served_twice"]),
        ([["S001", "S001"], ["S002"], ["S003"]], ["served_twice"]),
        ([["S001", "S009"], ["S002"], ["S003"]], ["unknown_supplier"]),
        ([["S003", "S001", "S002"]], ["overload"]),
        ([["S002", "S001", "S003"]], ["overload", "late"]),
    ],
)
def test_each_broken_constraint_has_its_code(
    score: Score, plan: list[list[str]], codes: list[str]
) -> None:
    violations = only_case(score({"mr01": plan, "mr02": []}))["violations"]
    assert isinstance(violations, list)
    assert [violation["code"] for violation in violations] == codes
    assert all(violation["zh-Hans"] and violation["en"] for violation in violations)


def test_coming_back_after_closing_time_is_a_violation(
    milk_run_scorer: ModuleType, tmp_path: Path
) -> None:
    early = {**EXAMPLE, "plant": {"x": 30000, "y": 20000, "open": 420, "close": 615}}
    key = {"expected": ["mr01"], "instances": {"mr01": early}}
    (tmp_path / "truth.json").write_text(json.dumps(key))
    (tmp_path / "routes.json").write_text('{"mr01": [["S001", "S002"], ["S003"]]}')
    case = only_case(milk_run_scorer.score(tmp_path, tmp_path))
    assert case["reason"] == {
        "zh-Hans": "车辆 1：10:20 回厂，晚于关门时刻 10:15",
        "en": "vehicle 1: back at the plant at 10:20, which closes at 10:15",
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "not valid JSON"),
        (b'{"mr01": [], }', "line 1, column 14"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "one object"),
        (b'{"mr01": []}', '1 instances are missing: "mr02"'),
        (b'{"mr01": [], "mr02": [], "x": []}', '1 instances are unknown: "x"'),
        (b'{"mr01": [], "mr01": [], "mr02": []}', 'the key "mr01" is repeated'),
        (b'{"mr01": NaN, "mr02": []}', "NaN is not allowed"),
        (b'{"mr01": {}, "mr02": []}', "mr01: a list is expected"),
        (b'{"mr01": [[]], "mr02": []}', "mr01, vehicle 1: a non-empty list"),
        (b'{"mr01": [["S001", true]], "mr02": []}', "vehicle 1, stop 2: a supplier is named"),
        (b'{"mr01": [[1' + b"0" * 5000 + b']], "mr02": []}', "more than 9 digits"),
        (b'{"mr01": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"mr01": [[' + b'"S001",' * 2001 + b'"S001"]], "mr02": []}', "more than 2000 stops"),
        (b" " * (1 << 20) + b"{}", "larger than"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(
    score: Score, answer: bytes, said: str
) -> None:
    with pytest.raises(InvalidSubmission) as refused:
        score(answer)
    assert said in str(refused.value)


def test_a_byte_order_mark_and_any_name_are_harmless(score: Score) -> None:
    case = only_case(score(b'\xef\xbb\xbf{"mr02": [], "mr01": [["\\ud800"]]}'))
    assert case["feasible"] is False
    json.dumps(case, ensure_ascii=False).encode()  # nothing of the answer breaks the result file


def test_a_missing_or_linked_file_is_refused(
    milk_run_scorer: ModuleType, score: Score, tmp_path: Path
) -> None:
    score({"mr01": [], "mr02": []})
    answer = tmp_path / "routes.json"
    answer.rename(tmp_path / "elsewhere.json")
    with pytest.raises(InvalidSubmission):
        milk_run_scorer.score(tmp_path, tmp_path)
    answer.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(InvalidSubmission):
        milk_run_scorer.score(tmp_path, tmp_path)
