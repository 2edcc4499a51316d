"""Signing boards off, and lifting that. Callers own the transaction and have asked the policy."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import record_audit
from app.core.db import hold
from app.evaluations.ladder import count_due
from app.evaluations.standings import ensure_fresh
from app.judging.errors import (
    AlreadySignedError,
    NoReasonError,
    NotSignedError,
    RankingChangedError,
    StageNotClosedError,
    StillClimbingError,
    StillEvaluatingError,
)
from app.judging.models import REASON_LENGTH, SignOff
from app.judging.queries import count_unfinished, digest_ranking, standing_signatures
from app.problems.errors import BoardMissingError
from app.problems.models import Board, Problem, Stage, StageState
from app.problems.operations import subject


def sign_off(
    session: Session, problem: Problem, board: Board, judge: User, ranking: str, *, now: datetime
) -> SignOff:
    """Sign a board off: from the first signature on nothing is done that moves a rank.

    `ranking` is the digest of the ranking that the judge was shown.

    Raises:
        BoardMissingError: the problem has no such board.
        StageNotClosedError: it may still take submissions.
        StillEvaluatingError: evaluations of the problem have not ended.
        StillClimbingError: the Ladder has not answered everybody yet.
        RankingChangedError: the board is another than the one shown.
        AlreadySignedError: the judge has signed it.
    """
    stage = _hold_stage(session, problem, board)
    if stage.state(now) is not StageState.CLOSED:
        raise StageNotClosedError(board=board.value)
    unfinished = count_unfinished(session, [problem.id]).get(problem.id, 0)
    if unfinished:
        raise StillEvaluatingError(count=unfinished)
    climbing = count_due(session, problem.id) if problem.rules.has_ladder_on(Board.A) else 0
    if climbing:
        raise StillClimbingError(count=climbing)
    if any(one.judge_id == judge.id for one in standing_signatures(session, problem, board)):
        raise AlreadySignedError
    ensure_fresh(session, problem, now=now)
    digest, teams = digest_ranking(session, problem, board)
    if digest != ranking:
        raise RankingChangedError
    signed = SignOff(
        problem_id=problem.id,
        board=board,
        judge_id=judge.id,
        signed_at=now,
        ranking=digest,
        teams=teams,
        lift_reason="",
    )
    session.add(signed)
    stage.signed_off_at = stage.signed_off_at or now
    facts = {"board": board.value, "ranking": digest, "teams": teams}
    record_audit(session, judge.as_actor(), "board.sign_off", subject(problem), facts, now=now)
    return signed


def lift_sign_off(
    session: Session, problem: Problem, board: Board, organiser: User, reason: str, *, now: datetime
) -> None:
    """Lift every signature under a board, for a reason that stays in the history.

    Raises:
        BoardMissingError: the problem has no such board.
        NoReasonError: no reason, or too long a one.
        NotSignedError: nobody has signed.
    """
    text = reason.strip()
    if not 0 < len(text) <= REASON_LENGTH:
        raise NoReasonError(limit=REASON_LENGTH)
    stage = _hold_stage(session, problem, board)
    standing = standing_signatures(session, problem, board)
    if not standing:
        raise NotSignedError
    for one in standing:
        one.lifted_at, one.lifted_by_id, one.lift_reason = now, organiser.id, text
    stage.signed_off_at = None
    facts = {"board": board.value, "reason": text, "signatures": len(standing)}
    record_audit(session, organiser.as_actor(), "board.lift", subject(problem), facts, now=now)


def _hold_stage(session: Session, problem: Problem, board: Board) -> Stage:
    stage = problem.stage(board)
    if stage is None:
        raise BoardMissingError(board=board.value)
    hold(session, stage)
    return stage
