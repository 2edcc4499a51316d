"""What a page shows of one run: what it used, when, where it failed and what it left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.accounts.models import User
from app.core.i18n import N_
from app.evaluations.curves import Curves, draw_curves
from app.evaluations.models import Evaluation
from app.evaluations.page_models import Use, list_uses
from app.evaluations.run_details import RunDetails, read_details, read_gpus
from app.problems.models import Board, Problem
from app.submissions.policy import can_read_board
from problems.spec import Resources
from sandbox.types import GpuUse, OutputFile
from trial.verdict_messages import find_missing_package, find_origin

_PHASES: Final = {
    "prepare": N_("Prepare"),
    "start": N_("Start"),
    "run": N_("Run"),
    "collect": N_("Collect"),
    "remove": N_("Clear up"),
}

REASONS: Final = (
    N_("was not asked for"),
    N_("has no plain name"),
    N_("is a symbolic link"),
    N_("is a hard link"),
    N_("is a directory"),
    N_("is a FIFO"),
    N_("is a socket"),
    N_("is a device"),
    N_("is not a plain file"),
)
"""Why the collector leaves a thing where it is; other reasons are shown as they are."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the submission."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a run; `share` is its part of the whole, from 0 to 1."""

    key: str
    label: str
    seconds: float
    share: float


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run as a page shows it."""

    board: Board
    exit_code: int | None
    signal: str | None
    warm: bool
    uses: Sequence[Use]
    gpus: Sequence[GpuUse]
    curves: Curves | None
    phases: Sequence[Phase]
    place: Place | None
    excerpt: Sequence[tuple[int, str]]
    missing_package: str | None
    files: Sequence[OutputFile]
    files_more: int


def build_runs(
    evaluations: Sequence[Evaluation], problem: Problem, actor: User, resources: Resources
) -> list[RunPage]:
    """Return the runs an actor may read of, in the order given.

    Of a run on a hidden board nobody but staff learns anything: neither log nor error, neither
    files nor how long it took.
    """
    return [
        _build(evaluation, resources)
        for evaluation in evaluations
        if evaluation.wall_s is not None and can_read_board(actor, problem, evaluation.board)
    ]


def _build(evaluation: Evaluation, resources: Resources) -> RunPage:
    details = read_details(evaluation) or RunDetails(phases={})
    return RunPage(
        board=evaluation.board,
        exit_code=evaluation.exit_code,
        signal=details.signal,
        warm=details.warm,
        uses=list_uses(evaluation, resources),
        gpus=read_gpus(evaluation),
        curves=draw_curves(details.samples, resources),
        phases=_phases(details),
        place=_place(details),
        excerpt=details.excerpt,
        missing_package=find_missing_package(details.error),
        files=details.files,
        files_more=details.files_more,
    )


def _place(details: RunDetails) -> Place | None:
    found = find_origin(details.error, details.excess)
    return None if found is None else Place(found[1], found[2], found[0])


def _phases(details: RunDetails) -> list[Phase]:
    total = sum(details.phases.values())
    return [
        Phase(key, label, details.phases[key], details.phases[key] / total)
        for key, label in _PHASES.items()
        if total > 0 and details.phases.get(key, 0.0) > 0
    ]
