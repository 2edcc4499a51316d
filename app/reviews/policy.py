"""Who may read and write what about a submission. Pure predicates."""

from collections.abc import Set as AbstractSet

from app.accounts.models import User
from app.reviews.models import NoteKind, ReviewNote
from app.submissions.models import Submission
from app.submissions.policy import can_read_submission

TO_THE_TEAM = frozenset({NoteKind.QUESTION, NoteKind.ANSWER})


def can_write_note(actor: User) -> bool:
    """Judges and organisers write notes, ask and recommend."""
    return actor.is_staff


def can_read_note(actor: User, note: ReviewNote) -> bool:
    """Staff read every note; a team, of its own submission, what was asked of it and its answers.

    Whoever may not read the submission never comes as far as its notes.
    """
    return actor.is_staff or note.kind in TO_THE_TEAM


def can_answer(actor: User, submission: Submission, teams: AbstractSet[int]) -> bool:
    """The team's own members answer; staff do not speak for it."""
    return not actor.is_staff and can_read_submission(actor, submission, teams)
