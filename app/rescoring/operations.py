"""Writes: stage, feed, settle, publish and discard re-scores. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.operations import Audience, Notice, post_announcement
from app.core.audit import Actor, record_audit
from app.core.db import hold, undone
from app.evaluations.models import Evaluation
from app.evaluations.shadows import drop_shadows, hold_scoring, queue_shadow, swap_in
from app.problems.models import Board, BoardData, Problem, Publication, PublicFile, Revision
from app.problems.operations import require_unsigned
from app.problems.publishing import put_in_force
from app.rescoring import queries, states
from app.rescoring.boards import Place, read_boards, rebuild_boards
from app.rescoring.errors import (
    RescoreFaultsError,
    RescoreNotReadyError,
    RescoreOpenError,
    RescoreStaleError,
)
from app.rescoring.models import Rescore, RescoreMove, RescoreShadow, RescoreState
from app.teams.telling import list_competitors

_AT_ONCE: Final = 500
PIECE: Final = 200
"""So many shadows are made in one transaction, and wait at once."""


def stage_rescore(
    session: Session,
    revision: Revision,
    reason: str,
    actor: Actor,
    *,
    now: datetime,
    publication: Publication | None = None,
) -> Rescore:
    """Begin a re-score by a staged revision.

    Raises:
        RescoreOpenError: another one of this problem is under way.
    """
    problem = revision.problem
    hold(session, problem)
    under_way = queries.find_open(session, problem)
    if under_way is not None:
        raise RescoreOpenError(number=under_way.id)
    rescore = Rescore(
        problem=problem,
        open_problem_id=problem.id,
        revision=revision,
        base_number=problem.revision_number,
        publication_id=None if publication is None else publication.id,
        reason=reason,
        staged_by=actor.name,
        staged_at=now,
    )
    session.add(rescore)
    session.flush()
    facts = {"rescore": rescore.id, "revision": revision.number, "reason": reason}
    record_audit(session, actor, "rescore.stage", _subject(problem), facts, now=now)
    return rescore


def feed(session: Session, rescore: Rescore, *, now: datetime) -> list[Evaluation]:
    """Make the next shadows, a piece at a time, and drop those whose original is not in force.

    Called again it does nothing twice: what has its shadow is passed over.

    Raises:
        RescoreEndedError: it is published.
    """
    states.hold_open(session, rescore)
    _drop_outdated(session, rescore)
    room = PIECE - queries.count_unfinished(session, rescore)
    wanted = queries.without_shadow(rescore).order_by(Evaluation.id).limit(max(room, 0))
    originals = session.scalars(wanted).all()
    made = []
    for original in originals:
        shadow = queue_shadow(session, original, rescore.revision, now=now, actor=rescore.staged_by)
        session.add(
            RescoreShadow(rescore_id=rescore.id, evaluation_id=original.id, shadow_id=shadow.id)
        )
        made.append(shadow)
    if rescore.state is RescoreState.STAGED or (made and rescore.state is RescoreState.READY):
        states.move(session, rescore, RescoreState.SCORING, now=now)
    session.flush()
    return made


def settle(session: Session, rescore: Rescore, *, now: datetime) -> bool:
    """Call a re-score ready once all is scored, and find out whom it moves; tell whether it is."""
    if rescore.state is RescoreState.SCORING and not queries.get_progress(session, rescore).missing:
        states.move(session, rescore, RescoreState.READY, now=now)
        review(session, rescore, now=now)
    return rescore.state is RescoreState.READY


def review(session: Session, rescore: Rescore, *, now: datetime) -> None:
    """Note where the publication would move every team: it is done, looked at and undone.

    So the difference shown follows the boards' rules, whatever they are.
    """
    before = read_boards(session, rescore.problem, now=now)
    with undone(session):
        _apply(session, rescore, now=now)
        after = read_boards(session, rescore.problem, now=now)
    _note_moves(session, rescore, before, after)


def publish_rescore(
    session: Session, rescore: Rescore, author: User, notice: Notice, *, now: datetime
) -> None:
    """Put the staged revision and its scores in force, and announce it: all of it or nothing.

    What was handed in and has no result yet is scored by the new rules when its turn comes.

    Raises:
        RescoreEndedError: it is published already.
        RescoreStaleError: another revision came into force meanwhile.
        RescoreNotReadyError: something is not scored by the new rules yet.
        RescoreFaultsError: something failed by the scorer's fault or the platform's.
        BoardSignedOffError: a judge has signed a board off.
        EmptyAnnouncementError: the announcement has no title or no text.
    """
    problem = rescore.problem
    hold_scoring(session, problem.id)
    states.hold_open(session, rescore)
    hold(session, problem)
    require_unsigned(session, problem)
    _drop_outdated(session, rescore)
    _require_ready(session, rescore)
    before = read_boards(session, problem, now=now)
    _apply(session, rescore, now=now)
    _note_moves(session, rescore, before, read_boards(session, problem, now=now))
    states.move(session, rescore, RescoreState.PUBLISHED, now=now)
    rescore.published_by = author.name
    audience = Audience(list_competitors(session, problem), problem.title)
    announcement = post_announcement(
        session,
        problem.contest,
        author,
        notice,
        now=now,
        problem_slug=problem.slug,
        audience=audience,
    )
    rescore.announcement_id = announcement.id
    facts = {
        "rescore": rescore.id,
        "from": rescore.base_number,
        "revision": rescore.revision.number,
        "evaluations": queries.get_progress(session, rescore).total,
        "reason": rescore.reason,
    }
    record_audit(session, author.as_actor(), "rescore.publish", _subject(problem), facts, now=now)


def discard_rescore(session: Session, rescore: Rescore, actor: Actor, *, now: datetime) -> None:
    """Drop a re-score with its revision and its shadows; the audit log alone remembers it.

    Raises:
        RescoreEndedError: it is published.
    """
    states.hold_open(session, rescore)
    revision, problem = rescore.revision, rescore.problem
    facts = {"rescore": rescore.id, "revision": revision.number, "reason": rescore.reason}
    publication_id = rescore.publication_id
    mine = RescoreShadow.rescore_id == rescore.id
    _drop(session, rescore, session.scalars(select(RescoreShadow.shadow_id).where(mine)).all())
    session.execute(delete(RescoreMove).where(RescoreMove.rescore_id == rescore.id))
    session.execute(delete(Rescore).where(Rescore.id == rescore.id))
    for part in (BoardData, PublicFile):
        session.execute(delete(part).where(part.revision_id == revision.id))
    session.execute(delete(Revision).where(Revision.id == revision.id))
    if publication_id is not None:
        session.execute(delete(Publication).where(Publication.id == publication_id))
    record_audit(session, actor, "rescore.discard", _subject(problem), facts, now=now)


def retry_faults(session: Session, rescore: Rescore) -> int:
    """Have what failed by the scorer's fault or the platform's scored again; return how many.

    Raises:
        RescoreEndedError: it is published.
    """
    states.hold_open(session, rescore)
    faults = [link.shadow_id for link in queries.list_faults(session, rescore)]
    _drop(session, rescore, faults)
    return len(faults)


def _require_ready(session: Session, rescore: Rescore) -> None:
    number = rescore.problem.revision_number
    if number != rescore.base_number:
        raise RescoreStaleError(number=number)
    progress = queries.get_progress(session, rescore)
    if progress.missing or rescore.state is not RescoreState.READY:
        raise RescoreNotReadyError(missing=progress.missing)
    if progress.faults:
        raise RescoreFaultsError(count=progress.faults)


def _apply(session: Session, rescore: Rescore, *, now: datetime) -> None:
    swap_in(
        session,
        select(RescoreShadow.evaluation_id, RescoreShadow.shadow_id).where(
            RescoreShadow.rescore_id == rescore.id
        ),
    )
    put_in_force(rescore.problem, rescore.revision)
    session.flush()
    session.expire_all()  # what was read before has changed
    rebuild_boards(session, rescore.problem, now=now)


def _note_moves(
    session: Session,
    rescore: Rescore,
    before: Mapping[Board, Mapping[int, Place]],
    after: Mapping[Board, Mapping[int, Place]],
) -> None:
    session.execute(delete(RescoreMove).where(RescoreMove.rescore_id == rescore.id))
    rows = [
        {
            "rescore_id": rescore.id,
            "board": board,
            "team_id": team_id,
            "old_rank": None if old is None else old.rank,
            "new_rank": None if new is None else new.rank,
            "old_score": None if old is None else old.score,
            "new_score": None if new is None else new.score,
        }
        for board in before
        for team_id in sorted(before[board].keys() | after[board].keys())
        for old, new in [(before[board].get(team_id), after[board].get(team_id))]
    ]
    if rows:
        session.execute(insert(RescoreMove), rows)


def _drop_outdated(session: Session, rescore: Rescore) -> None:
    """Drop the shadows of what a re-run has replaced: its successor gets a shadow of its own."""
    outdated = session.scalars(
        select(RescoreShadow.shadow_id)
        .join(Evaluation, Evaluation.id == RescoreShadow.evaluation_id)
        .where(RescoreShadow.rescore_id == rescore.id, Evaluation.is_current.is_(False))
    ).all()
    _drop(session, rescore, outdated)


def _drop(session: Session, rescore: Rescore, shadows: Sequence[int]) -> None:
    for start in range(0, len(shadows), _AT_ONCE):
        piece = shadows[start : start + _AT_ONCE]
        # a worker that is about to record one of them waits, and then finds it gone
        session.execute(
            select(Evaluation.id)
            .where(Evaluation.id.in_(piece))
            .order_by(Evaluation.id)
            .with_for_update()
        )
        session.execute(
            delete(RescoreShadow).where(
                RescoreShadow.rescore_id == rescore.id, RescoreShadow.shadow_id.in_(piece)
            )
        )
        drop_shadows(session, piece)


def _subject(problem: Problem) -> str:
    return f"problem:{problem.slug}"
