"""Checks schedules operation by operation and compares makespans with the references.

An instance's score is reference / makespan, or 0 when a constraint is broken; the board's score is
the mean over its instances. Nothing in the answer is trusted: the file is bounded and read as
strict JSON, and whatever cannot be understood at all is refused with its place named.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from scoring import InvalidSubmission
from scoring.json_answer import read_instances, read_json_answer, show
from scoring.plans.jobshop import JobShop

ANSWER = "schedules.json"
MAX_BYTES = 1 << 20
MAX_LISTED = 10

Violation = dict[str, object]
Route = list[list[list[int]]]


def score(output: Path, truth: Path) -> dict[str, object]:
    """Score the answer in `output` against the references in `truth`.

    Raises:
        InvalidSubmission: the file is missing, not strict JSON, not of the documented shape, or
            does not hold exactly the instances asked for.

    """
    key = json.loads((truth / "truth.json").read_text(encoding="utf-8"))
    answer = read_answer(output / ANSWER, set(key["expected"]))
    cases = [judge(name, row, answer[name]) for name, row in sorted(key["instances"].items())]
    feasible = [case for case in cases if case["feasible"]]
    return {
        "scores": {
            "mean_ratio": sum(float(str(case["score"])) for case in cases) / len(cases),
            "feasible_rate": len(feasible) / len(cases),
        },
        "cases": cases,
    }


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def read_answer(path: Path, expected: set[str]) -> dict[str, list[list[int]]]:
    """Read {instance: start times by job}, refusing anything that is not exactly that."""
    answer = read_json_answer(path, MAX_BYTES)
    instances = read_instances(answer, expected, zh="开工时刻", en="start times")
    return {name: read_schedule(name, value) for name, value in instances.items()}


def read_schedule(name: str, value: object) -> list[list[int]]:
    """Read one instance's list (jobs) of lists (operations) of whole start times."""
    if not isinstance(value, list):
        raise InvalidSubmission(
            zh=f"{name}：应为列表，每个工件一项", en=f"{name}: a list is expected, one item per job"
        )
    for job, row in enumerate(value, start=1):
        if not isinstance(row, list):
            raise InvalidSubmission(
                zh=f"{name} 工件 {job}：应为开工时刻的列表",
                en=f"{name}, job {job}: a list of start times is expected",
            )
        for step, start in enumerate(row, start=1):
            if type(start) is not int:  # bool is an int to isinstance
                raise InvalidSubmission(
                    zh=f"{name} 工件 {job} 第 {step} 道工序：开工时刻须为整数，"
                    f"实际为 {show(start)}",
                    en=f"{name}, job {job}, operation {step}: the start time must be a whole "
                    f"number, not {show(start)}",
                )
    return value


# ── judging ──────────────────────────────────────────────────────────────────────────────────────


def judge(name: str, row: dict[str, object], starts: list[list[int]]) -> dict[str, object]:
    """Return the case of one instance: its makespan and score, or what is violated."""
    route: Route = row["operations"]  # type: ignore[assignment]
    reference = int(str(row["reference"]))
    broken = list(violations(route, starts))
    case: dict[str, object] = {
        "id": name,
        "score": 0.0,
        "feasible": not broken,
        "reference": reference,
        "reference_is_optimal": bool(row["proven"]),
    }
    if broken:
        return {
            **case,
            "reason": summary(broken),
            "violations": broken[:MAX_LISTED],
            "violation_count": len(broken),
        }
    makespan = max(
        begin + time
        for begins, operations in zip(starts, route, strict=True)
        for begin, (_, time) in zip(begins, operations, strict=True)
    )
    return {**case, "score": reference / makespan, "makespan": makespan}


def summary(broken: list[Violation]) -> dict[str, str]:
    """Return the first violation in both languages, and how many more there are."""
    zh, en = str(broken[0]["zh-Hans"]), str(broken[0]["en"])
    if len(broken) > 1:
        zh, en = f"{zh}（共 {len(broken)} 处）", f"{en} ({len(broken)} violations in all)"
    return {"zh-Hans": zh, "en": en}


def violations(route: Route, starts: list[list[int]]) -> Iterator[Violation]:
    """Yield every broken constraint; without all operations only the missing ones are named."""
    for message in JobShop(route).violations(starts):
        where: Violation = dict(message.params)
        if message.code == "plan_overlap":
            where["jobs"] = [where.pop("first"), where.pop("second")]
        said = {"zh-Hans": message.render("zh-Hans"), "en": message.render("en")}
        yield {"code": message.code.removeprefix("plan_"), **where, **said}
