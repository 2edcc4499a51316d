"""What the page of a submission shows: its timeline, what it used of the limits, its cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Final

from app.core.i18n import N_
from app.evaluations.models import FINISHED, Evaluation, State, Verdict
from app.evaluations.queries import is_untold
from app.submissions.models import Kind, Submission
from problems.spec import ProblemSpec, Resources

_RUN_TROUBLE: Final = frozenset(
    {
        Verdict.RUNTIME_ERROR,
        Verdict.TIME_LIMIT,
        Verdict.MEMORY_LIMIT,
        Verdict.OUTPUT_LIMIT,
        Verdict.PROCESS_LIMIT,
        Verdict.MISSING_OUTPUT,
    }
)
MOST_CASES: Final = 500
MOST_COLUMNS: Final = 12
MOST_PARTS: Final = 5
MOST_VALUES: Final = 200


class Progress(StrEnum):
    """Where one step of the timeline is."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Stop:
    """One step of the timeline. `seconds` is how long it took, `since` when a present one began."""

    key: str
    label: str
    progress: Progress
    seconds: float | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A resource used against its limit, in its own unit."""

    label: str
    value: float
    limit: float
    unit: str
    """`seconds` or `bytes`."""


@dataclass(frozen=True, slots=True)
class CaseTable:
    """Per-case details as a table: the columns in the order they first appear."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, object]]
    left_out: int


def build_timeline(submission: Submission, evaluation: Evaluation) -> list[Stop]:
    """Return the six steps of a submission. Upload and check were over before it was accepted.

    A try run ends with the check of its answer.
    """
    stops = [
        Stop("uploaded", N_("Upload"), Progress.DONE),
        Stop("checked", N_("Check"), Progress.DONE),
        _waiting(evaluation),
        _running(submission, evaluation),
        _scoring(evaluation),
    ]
    if submission.is_debug:
        stops[-1] = replace(stops[-1], label=N_("Check of the answer"))
        return stops
    on_board = evaluation.state is State.SCORED and submission.retracted_at is None
    if on_board and is_untold(evaluation, submission.problem.rules):
        since = evaluation.finished_at
        return [*stops, Stop("board", N_("On the board"), Progress.NOW, since=since)]
    last = Progress.DONE if on_board else _ahead(evaluation)
    return [*stops, Stop("board", N_("On the board"), last)]


def _ahead(evaluation: Evaluation) -> Progress:
    return Progress.SKIPPED if evaluation.state in FINISHED else Progress.AHEAD


def _waiting(evaluation: Evaluation) -> Stop:
    begun = evaluation.started_at or evaluation.finished_at
    if evaluation.state is State.QUEUED:
        return Stop("queued", N_("Queue"), Progress.NOW, since=evaluation.queued_at)
    return Stop("queued", N_("Queue"), Progress.DONE, _seconds(evaluation.queued_at, begun))


def _running(submission: Submission, evaluation: Evaluation) -> Stop:
    label = N_("Run")
    if submission.kind is Kind.PREDICTIONS:
        return Stop("running", label, Progress.SKIPPED)
    if evaluation.started_at is None or evaluation.state is State.QUEUED:
        return Stop("running", label, _ahead(evaluation))
    if evaluation.state is State.RUNNING:
        return Stop("running", label, Progress.NOW, since=evaluation.started_at)
    ended = evaluation.scoring_at or evaluation.finished_at
    took = _seconds(evaluation.started_at, ended)
    failed = evaluation.scoring_at is None or evaluation.verdict in _RUN_TROUBLE
    return Stop("running", label, Progress.FAILED if failed else Progress.DONE, took)


def _scoring(evaluation: Evaluation) -> Stop:
    label, begun = N_("Score"), evaluation.scoring_at
    if begun is None or evaluation.state in {State.QUEUED, State.RUNNING}:
        return Stop("scoring", label, _ahead(evaluation))
    if evaluation.state is State.SCORING:
        return Stop("scoring", label, Progress.NOW, since=begun)
    if evaluation.verdict in _RUN_TROUBLE:
        return Stop("scoring", label, Progress.SKIPPED)
    ended_well = evaluation.state is State.SCORED
    took = _seconds(begun, evaluation.finished_at)
    return Stop("scoring", label, Progress.DONE if ended_well else Progress.FAILED, took)


def _seconds(begun: datetime | None, ended: datetime | None) -> float | None:
    if begun is None or ended is None:
        return None
    return max(0.0, (ended - begun).total_seconds())


def list_uses(evaluation: Evaluation, resources: Resources) -> list[Use]:
    """Return what a finished run used of each limit; nothing where nothing ran."""
    measured = (
        (N_("Time"), evaluation.wall_s, resources.time_s, "seconds"),
        (
            N_("Processor time"),
            evaluation.cpu_s,
            resources.time_s * float(resources.cpus),
            "seconds",
        ),
        (N_("Memory, at most"), evaluation.peak_memory_bytes, resources.memory, "bytes"),
        (N_("Output"), evaluation.output_bytes, resources.output, "bytes"),
    )
    return [
        Use(label, float(value), float(limit), unit)
        for label, value, limit, unit in measured
        if value is not None
    ]


def answer_columns(spec: ProblemSpec) -> list[dict[str, object]] | None:
    """Return what a browser checks of an answer's columns before it is sent; None without a table.

    Types, and the values of categories that are few enough to be sent along with every form.
    """
    table = spec.submission.table
    if table is None:
        return None
    columns: list[dict[str, object]] = []
    for name, column in table.columns.items():
        columns.append({"name": name, "type": column.type})
        values = getattr(column, "values", None)
        if values is not None and len(values) <= MOST_VALUES:
            columns[-1]["values"] = list(values)
    return columns


def build_case_tables(cases: Mapping[str, Sequence[object]], locale: str) -> dict[str, CaseTable]:
    """Return the per-case details of each board as a table, as far as a page can hold them.

    A text in both languages is shown in the reader's, a list as its first few things.
    """
    tables = {}
    for board, found in cases.items():
        rows = [case for case in found if isinstance(case, dict)]
        names = dict.fromkeys(name for row in rows[:MOST_CASES] for name in row)
        columns = sorted(names, key=lambda name: name != "id")[:MOST_COLUMNS]
        shown = [
            {name: _in_a_cell(row[name], locale) for name in columns if name in row}
            for row in rows[:MOST_CASES]
        ]
        tables[board] = CaseTable(columns, shown, max(0, len(rows) - MOST_CASES))
    return tables


def _in_a_cell(value: object, locale: str) -> object:
    """Return what a cell of a table shows of a value; numbers, texts and the like as they are."""
    if isinstance(value, dict):
        if isinstance(value.get(locale), str):
            return value[locale]
        parts = (f"{name}: {_in_a_cell(part, locale)}" for name, part in value.items())
        return ", ".join(islice(parts, MOST_PARTS))
    if isinstance(value, list):
        listed = "; ".join(str(_in_a_cell(part, locale)) for part in value[:MOST_PARTS])
        return f"{listed} …" if len(value) > MOST_PARTS else listed
    return value
