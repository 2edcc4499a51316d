"""Reads of what was written about submissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import User
from app.reviews.models import NoteKind, Recommendation, ReviewNote
from app.reviews.policy import can_read_note
from app.submissions.models import Submission


@dataclass(frozen=True, slots=True)
class Opinion:
    """Where the review of one submission stands."""

    flagged: bool = False
    asked: bool = False
    """Whether a question waits for the team's answer."""
    recommendations: Mapping[Recommendation, int] = field(default_factory=dict)
    """How many judges recommend what; of each the latest counts."""
    notes: int = 0


def list_notes(session: Session, submission: Submission, actor: User) -> Sequence[ReviewNote]:
    """Return the notes on a submission that an actor may read, oldest first."""
    notes = session.scalars(
        select(ReviewNote)
        .where(ReviewNote.submission_id == submission.id)
        .order_by(ReviewNote.id)
        .options(selectinload(ReviewNote.author))
    )
    return [note for note in notes if can_read_note(actor, note)]


def map_opinions(session: Session, submission_ids: Sequence[int]) -> dict[int, Opinion]:
    """Return the opinion on each submission that has any note, in one query."""
    notes: dict[int, list[ReviewNote]] = {}
    for note in session.scalars(
        select(ReviewNote)
        .where(ReviewNote.submission_id.in_(submission_ids))
        .order_by(ReviewNote.id)
    ):
        notes.setdefault(note.submission_id, []).append(note)
    return {submission: summarise(found) for submission, found in notes.items()}


def summarise(notes: Sequence[ReviewNote]) -> Opinion:
    """Return what notes, oldest first, amount to."""
    flags = [note for note in notes if note.kind in {NoteKind.FLAG, NoteKind.CLEARED}]
    asked = [note for note in notes if note.kind in {NoteKind.QUESTION, NoteKind.ANSWER}]
    latest = {
        note.author_id: note.recommendation for note in notes if note.recommendation is not None
    }
    chosen = list(latest.values())
    return Opinion(
        flagged=bool(flags) and flags[-1].kind is NoteKind.FLAG,
        asked=bool(asked) and asked[-1].kind is NoteKind.QUESTION,
        recommendations={one: chosen.count(one) for one in Recommendation if one in chosen},
        notes=len(notes),
    )


def map_flagged(session: Session) -> dict[int, tuple[int, datetime]]:
    """Return how many submissions of each problem stand flagged, and the first flag; one query."""
    last = (
        select(func.max(ReviewNote.id).label("note_id"))
        .where(ReviewNote.kind.in_([NoteKind.FLAG, NoteKind.CLEARED]))
        .group_by(ReviewNote.submission_id)
        .subquery()
    )
    rows = session.execute(
        select(Submission.problem_id, func.count(ReviewNote.id), func.min(ReviewNote.created_at))
        .select_from(last)
        .join(ReviewNote, ReviewNote.id == last.c.note_id)
        .join(Submission, Submission.id == ReviewNote.submission_id)
        .where(ReviewNote.kind == NoteKind.FLAG)
        .group_by(Submission.problem_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def count_flagged(session: Session, problem_ids: Sequence[int]) -> dict[int, int]:
    """Return how many submissions of each problem stand flagged, in one query."""
    found = map_flagged(session)
    return {number: found[number][0] for number in problem_ids if number in found}


def question_of(notes: Sequence[ReviewNote]) -> str:
    """Return whether the judges' last question is `open` or `answered`; "" where none was put."""
    if not any(note.kind is NoteKind.QUESTION for note in notes):
        return ""
    return "open" if summarise(notes).asked else "answered"
