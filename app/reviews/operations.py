"""What is written about submissions. Callers own the transaction and have asked the policy."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import record_audit
from app.core.db import hold
from app.notifications.models import Topic
from app.notifications.operations import notify
from app.reviews.errors import EmptyNoteError, NothingAskedError, NothingFlaggedError
from app.reviews.models import NoteKind, Recommendation, ReviewNote
from app.reviews.queries import Opinion, summarise
from app.submissions.models import Submission
from app.teams.telling import tell_team

if TYPE_CHECKING:
    from app.notifications.operations import Fact

LONGEST_NOTE: Final = 4000


def write_note(  # noqa: PLR0913 — what a note consists of
    session: Session,
    submission: Submission,
    author: User,
    kind: NoteKind,
    body: str,
    *,
    now: datetime,
    recommendation: Recommendation | None = None,
) -> ReviewNote:
    """Write a note; flags and recommendations, which weigh on outcomes, are audited as well.

    Raises:
        EmptyNoteError: no text (a recommendation needs none), or too long a one.
        NothingFlaggedError: a flag is cleared that is not there.
        NothingAskedError: an answer to no question, or to one that was answered.
    """
    text = body.strip()
    if len(text) > LONGEST_NOTE or not (text or kind is NoteKind.RECOMMENDATION):
        raise EmptyNoteError(limit=LONGEST_NOTE)
    hold(session, submission)  # of two answers at once the second finds nothing to answer
    opinion = _opinion(session, submission)
    if kind is NoteKind.CLEARED and not opinion.flagged:
        raise NothingFlaggedError
    if kind is NoteKind.ANSWER and not opinion.asked:
        raise NothingAskedError
    note = ReviewNote(
        submission_id=submission.id,
        author_id=author.id,
        kind=kind,
        recommendation=recommendation,
        body=text,
        created_at=now,
    )
    session.add(note)
    session.flush()
    _tell(session, note, now)
    if kind in {NoteKind.FLAG, NoteKind.CLEARED, NoteKind.RECOMMENDATION}:
        _audit(session, note, submission, author, now=now)
    return note


def _tell(session: Session, note: ReviewNote, now: datetime) -> None:
    """Tell the team of a question, and whoever asked of the answer."""
    submission = session.get_one(Submission, note.submission_id)
    facts: dict[str, Fact] = {
        "submission": f"#{submission.id}",
        "problem": submission.problem.title,
    }
    if note.kind is NoteKind.QUESTION and submission.team_id is not None:
        path = f"/submissions/{submission.id}/questions"
        tell_team(session, submission.team_id, Topic.QUESTION, facts, path, now=now)
    elif note.kind is NoteKind.ANSWER:
        asked_by = session.scalars(
            select(ReviewNote.author_id)
            .where(ReviewNote.submission_id == submission.id, ReviewNote.kind == NoteKind.QUESTION)
            .order_by(ReviewNote.id.desc())
            .limit(1)
        )
        path = f"/staff/review/submissions/{submission.id}"
        notify(session, asked_by, Topic.QUESTION, {**facts, "says": "answered"}, path, now=now)


def _opinion(session: Session, submission: Submission) -> Opinion:
    return summarise(
        session.scalars(
            select(ReviewNote)
            .where(ReviewNote.submission_id == submission.id)
            .order_by(ReviewNote.id)
        ).all()
    )


def _audit(
    session: Session, note: ReviewNote, submission: Submission, author: User, *, now: datetime
) -> None:
    facts = {"problem": submission.problem.slug, "note": note.id, "reason": note.body[:300]}
    if note.recommendation is not None:
        facts["recommends"] = note.recommendation.value
    record_audit(
        session,
        author.as_actor(),
        f"review.{note.kind.value}",
        f"submission:{submission.id}",
        facts,
        now=now,
    )
