"""Baseline: dispatch by "most work remaining" without idling machines on purpose.

Whenever machines and jobs are free, the operation that can start first is taken; among those that
can start at the same moment, the one whose job has the most processing time left. No search, no
randomness: a second for all instances. See R. Haupt, "A survey of priority rule-based scheduling",
OR Spektrum 11 (1989) 3-16.
"""

import json
import os
from pathlib import Path


def dispatch(operations: list[list[list[int]]]) -> list[list[int]]:
    """Return the start times of a non-delay schedule, job by job."""
    machine_free: dict[int, int] = {}
    job_free = [0] * len(operations)
    work_left = [sum(time for _, time in row) for row in operations]
    starts: list[list[int]] = [[] for _ in operations]
    for _ in range(sum(map(len, operations))):
        candidates = []
        for job, row in enumerate(operations):
            if len(starts[job]) < len(row):
                machine, time = row[len(starts[job])]
                begin = max(job_free[job], machine_free.get(machine, 0))
                candidates.append((begin, -work_left[job], job, machine, time))
        begin, _, job, machine, time = min(candidates)
        starts[job].append(begin)
        work_left[job] -= time
        job_free[job] = machine_free[machine] = begin + time
    return starts


def main() -> None:
    """Schedule every instance of the input and write the answer."""
    source = Path(os.environ["INPUT_DIR"])
    target = Path(os.environ["OUTPUT_DIR"])
    instances = json.loads((source / "instances.json").read_text(encoding="utf-8"))
    answer = {instance["id"]: dispatch(instance["operations"]) for instance in instances}
    (target / "schedules.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
