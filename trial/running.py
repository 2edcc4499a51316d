"""How a submission and a pack's scorer are run, wherever that is."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from problems.evaluation import SCORER_RESOURCES
from problems.spec import ProblemSpec, Resources
from sandbox import Limits, RunResult
from scoring import InvalidSubmission, Keys, Message, RunFacts, validate_answer
from scoring.usage import USAGE_FILE, read_tokens

SCORER_IMAGE: Final = "python-cpu"
SCORER_LIMITS: Final = Limits(
    wall_s=SCORER_RESOURCES.wall_s,
    memory_bytes=SCORER_RESOURCES.memory_bytes,
    output_bytes=SCORER_RESOURCES.output_bytes,
    output_files=SCORER_RESOURCES.output_files,
)


def code_limits(resources: Resources) -> Limits:
    """Return what a run of a team's code may use."""
    return Limits(
        wall_s=resources.time_s,
        memory_bytes=resources.memory,
        cpus=float(resources.cpus),
        gpus=resources.gpus,
        output_bytes=resources.output,
    )


def check_output(file: Path, spec: ProblemSpec, keys: Keys | None) -> tuple[Message, ...]:
    """Hold an answer to its size, its columns and, where they are known, its keys.

    Returns what there is to tell of a good one.

    Raises `scoring.InvalidSubmission`.
    """
    size, limit = file.stat().st_size, spec.submission.max_bytes
    if size > limit:
        raise InvalidSubmission(Message("too_large", {"size": size, "limit": limit}))
    table = spec.submission.table
    if table is None:
        return ()
    return validate_answer(file, table, keys, spec.table_formats, spec.table_encodings)


def measure_facts(run: RunResult, code: Path) -> RunFacts:
    """Return what a run used, as columns of a board show it; `code` is the folder it came from."""
    return RunFacts(
        wall_s=run.wall_s,
        cpu_s=run.cpu_s,
        peak_memory_bytes=run.peak_memory_bytes,
        code_bytes=size_of(code),
        gpu_s=run.wall_s * len(run.gpus),
        peak_gpu_memory_bytes=max((use.peak_memory_bytes for use in run.gpus), default=0),
    )


def wanted_files(spec: ProblemSpec) -> tuple[str, ...]:
    """Return what a run must write: its answer and, where a column shows it, what it reports."""
    return (spec.submission.file, *((USAGE_FILE,) if spec.scoring.needs_usage else ()))


def add_reported(facts: RunFacts, answer: Path, spec: ProblemSpec) -> RunFacts:
    """Return what a run used with what it reports beside its answer, where a column shows that.

    Raises `scoring.InvalidSubmission`.
    """
    if not spec.scoring.needs_usage:
        return facts
    return replace(facts, tokens=read_tokens(answer / USAGE_FILE))


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
