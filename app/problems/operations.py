"""What people do to a published problem. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import Actor, record_audit
from app.core.db import hold
from app.problems import organiser_settings
from app.problems.board_rules import Ladder
from app.problems.errors import (
    AlreadyRevealedError,
    BoardMissingError,
    BoardSignedOffError,
    ContestRunningError,
    LadderNeedsLossesError,
    LadderNeedsStepError,
    ProblemArchivedError,
    SeedNotSealedError,
    SettingValueError,
    StageStateError,
    TwinRunningError,
)
from app.problems.models import Board, Problem, Revision, RulesAcceptance, StageState
from app.problems.queries import get_current_revision, has_accepted_rules, list_twins
from scoring import Scoring
from scoring.metrics.rules import has_losses

_LADDER: Final = frozenset({"ladder", "ladder_step"})
_ALLOWED_IN_THE_ARCHIVE: Final = frozenset({"withdrawn"})
_MOVES_NO_RANK: Final = frozenset({"submissions_per_day", "team_size", "withdrawn"})


def require_unsigned(session: Session, problem: Problem) -> None:
    """Refuse while any board of a problem is signed off: call it before what moves a rank.

    Nobody signs until the transaction ends.

    Raises:
        BoardSignedOffError: one is.
    """
    for stage in problem.stages:
        hold(session, stage)
        if stage.signed_off_at is not None:
            raise BoardSignedOffError(board=stage.key.value)


def set_setting(
    session: Session, problem: Problem, name: str, value: str, *, actor: Actor, now: datetime
) -> None:
    """Change one setting by name; see `organiser_settings.change` for what it refuses."""
    set_settings(session, problem, {name: value}, actor=actor, now=now)


def set_settings(
    session: Session,
    problem: Problem,
    values: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change several settings at once: all of them or, when one is refused, none.

    Raises:
        BoardSignedOffError: a board is signed off, and a change could move ranks.
        LadderNeedsStepError, LadderNeedsLossesError: see `require_ladder_fits`.
        ProblemArchivedError: the problem is over, and more than its place on the site would change.
    """
    changes = organiser_settings.change(problem, values, now=now)
    moved = {name for name, (old, new) in changes.items() if old != new}
    if problem.archived_at is not None and not moved <= _ALLOWED_IN_THE_ARCHIVE:
        raise ProblemArchivedError(slug=problem.slug)
    if "hidden_columns" in changes:
        _check_hidden(session, problem)
    if changes.keys() & _LADDER:
        spec = get_current_revision(session, problem).spec
        require_ladder_fits(problem, Scoring.model_validate(spec["scoring"]))
    facts = {name: {"from": old, "to": new} for name, (old, new) in changes.items() if old != new}
    if not facts.keys() <= _MOVES_NO_RANK:
        require_unsigned(session, problem)
    if facts:
        record_audit(session, actor, "problem.set", subject(problem), facts, now=now)


def require_ladder_fits(problem: Problem, scoring: Scoring) -> None:
    """Refuse a Ladder that could not be climbed by a problem's scores.

    Raises:
        LadderNeedsStepError: it is to have a fixed step, and none is set.
        LadderNeedsLossesError: it is to do without, and the column that ranks has no loss per item.
    """
    if problem.rules.ladder is Ladder.STEP and not problem.rules.ladder_step:
        raise LadderNeedsStepError(name="ladder_step")
    if problem.rules.ladder is Ladder.PARAMETER_FREE and not has_losses(scoring.primary):
        raise LadderNeedsLossesError(name="ladder", column=scoring.primary.key)


def _check_hidden(session: Session, problem: Problem) -> None:
    """Refuse to hide what is no column, or the column that ranks."""
    columns = get_current_revision(session, problem).spec["scoring"]["columns"]
    allowed = [column["key"] for column in columns if not column.get("primary")]
    for key in problem.rules.hidden_columns:
        if key not in allowed:
            raise SettingValueError(name="hidden_columns", value=key, allowed=", ".join(allowed))


def open_stage(
    session: Session, problem: Problem, board: Board, *, actor: Actor, now: datetime
) -> None:
    """Open a stage now; one that had closed runs until it is closed again.

    Raises:
        ProblemArchivedError: the problem is over.
        BoardMissingError: the problem has no such board.
        BoardSignedOffError: a board of the problem is signed off.
        StageStateError: it is open.
    """
    stage = problem.stage(board)
    if stage is None:
        raise BoardMissingError(board=board.value)
    hold(session, stage)
    if problem.archived_at is not None:
        raise ProblemArchivedError(slug=problem.slug)
    require_unsigned(session, problem)
    state = stage.state(now)
    if state is StageState.OPEN:
        raise StageStateError
    if state is StageState.UPCOMING or stage.opens_at is None:
        stage.opens_at = now
    if stage.closes_at is not None and stage.closes_at <= now:
        stage.closes_at = None
    record_audit(session, actor, "stage.open", subject(problem), {"board": board.value}, now=now)


def close_stage(
    session: Session, problem: Problem, board: Board, *, actor: Actor, now: datetime
) -> None:
    """Close a stage now.

    Raises:
        BoardMissingError: the problem has no such board.
        StageStateError: it is not open, or was opened this very instant.
    """
    stage = problem.stage(board)
    if stage is None:
        raise BoardMissingError(board=board.value)
    hold(session, stage)
    if stage.state(now) is not StageState.OPEN or stage.opens_at == now:
        raise StageStateError
    stage.closes_at = now
    record_audit(session, actor, "stage.close", subject(problem), {"board": board.value}, now=now)


def reveal_b(session: Session, problem: Problem, *, actor: Actor, now: datetime) -> None:
    """Show board B to everybody, once and for good.

    Raises:
        BoardMissingError: the problem has no board B.
        AlreadyRevealedError: it is shown already.
    """
    if problem.stage(Board.B) is None:
        raise BoardMissingError(board=Board.B.value)
    hold(session, problem)
    if problem.b_revealed_at is not None:
        raise AlreadyRevealedError
    problem.b_revealed_at = now
    record_audit(session, actor, "board.reveal", subject(problem), {"board": "B"}, now=now)


def reveal_seed(
    session: Session, problem: Problem, revision: Revision, *, actor: Actor, now: datetime
) -> None:
    """Publish the sealed seed, so that anybody can make the data again and check the commitment.

    Raises:
        SeedNotSealedError: the data came with the pack.
        AlreadyRevealedError: the seed is public.
        ContestRunningError: a stage may still take submissions, or board B is hidden.
        TwinRunningError: a clone with the same data has not ended.
    """
    if revision.sealed_seed is None:
        raise SeedNotSealedError
    hold(session, revision)
    if revision.seed_is_public:
        raise AlreadyRevealedError
    if not has_ended(problem, now):
        raise ContestRunningError
    if any(not has_ended(twin, now) for twin in list_twins(session, revision)):
        raise TwinRunningError
    revision.seed_is_public = True
    facts = {"revision": revision.number, "commitment": revision.seed_commitment}
    record_audit(session, actor, "seed.reveal", subject(problem), facts, now=now)


def has_ended(problem: Problem, now: datetime) -> bool:
    """Say whether A has closed, no stage is open and board B, where there is one, is shown."""
    stage_a, stage_b = problem.stage(Board.A), problem.stage(Board.B)
    if stage_a is None or stage_a.state(now) is not StageState.CLOSED:
        return False
    if stage_b is None:
        return True
    return stage_b.state(now) is not StageState.OPEN and problem.b_revealed_at is not None


def accept_rules(session: Session, user: User, problem: Problem, *, now: datetime) -> None:
    """Note that somebody accepted the rules of the revision in force; again changes nothing."""
    if has_accepted_rules(session, user, problem):
        return
    try:
        with session.begin_nested():
            session.add(
                RulesAcceptance(
                    user_id=user.id,
                    problem_id=problem.id,
                    revision_number=problem.revision_number,
                    accepted_at=now,
                )
            )
    except IntegrityError:
        # the other click of two came first, and says the same
        return


def subject(problem: Problem) -> str:
    """Return how the audit log names a problem."""
    return f"problem:{problem.slug}"
