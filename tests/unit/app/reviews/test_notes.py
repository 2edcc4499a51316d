"""What is written about a submission: in which order it makes sense, and what it amounts to."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.reviews.errors import EmptyNoteError, NothingAskedError, NothingFlaggedError
from app.reviews.models import NoteKind, Recommendation
from app.reviews.operations import LONGEST_NOTE, write_note
from app.reviews.queries import count_flagged, list_notes, map_opinions
from app.submissions.models import Submission
from tests.factories import make_problem, make_submission, make_user
from tests.factories.accounts import CREATED


@pytest.fixture
def submission(session: Session) -> Submission:
    return make_submission(session, problem=make_problem(session))


@pytest.fixture
def judge(session: Session) -> User:
    return make_user(session, role=Role.JUDGE)


def write(
    session: Session,
    submission: Submission,
    author: User,
    kind: NoteKind,
    body: str = "text",
    recommendation: Recommendation | None = None,
) -> None:
    write_note(session, submission, author, kind, body, now=CREATED, recommendation=recommendation)


def test_a_flag_stands_until_it_is_cleared(
    session: Session, submission: Submission, judge: User
) -> None:
    with pytest.raises(NothingFlaggedError):
        write(session, submission, judge, NoteKind.CLEARED)
    write(session, submission, judge, NoteKind.FLAG)
    assert count_flagged(session, [submission.problem_id]) == {submission.problem_id: 1}
    write(session, submission, judge, NoteKind.COMMENT)
    assert map_opinions(session, [submission.id])[submission.id].flagged
    write(session, submission, judge, NoteKind.CLEARED)
    assert not map_opinions(session, [submission.id])[submission.id].flagged
    assert count_flagged(session, [submission.problem_id]) == {}
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["review.flag", "review.cleared"]


def test_an_answer_needs_an_open_question(
    session: Session, submission: Submission, judge: User
) -> None:
    team = submission.team
    assert team is not None
    with pytest.raises(NothingAskedError):
        write(session, submission, team.captain, NoteKind.ANSWER)
    write(session, submission, judge, NoteKind.QUESTION)
    assert map_opinions(session, [submission.id])[submission.id].asked
    write(session, submission, team.captain, NoteKind.ANSWER)
    with pytest.raises(NothingAskedError):
        write(session, submission, team.captain, NoteKind.ANSWER)


def test_of_each_judge_the_latest_recommendation_counts(
    session: Session, submission: Submission, judge: User
) -> None:
    other = make_user(session, role=Role.JUDGE)
    for who, what in (
        (judge, Recommendation.DISQUALIFY),
        (other, Recommendation.CONFIRM),
        (judge, Recommendation.CONFIRM),
    ):
        write(session, submission, who, NoteKind.RECOMMENDATION, "", what)
    opinion = map_opinions(session, [submission.id])[submission.id]
    assert opinion.recommendations == {Recommendation.CONFIRM: 2}
    assert opinion.notes == 3


def test_a_team_reads_questions_and_answers_alone(
    session: Session, submission: Submission, judge: User
) -> None:
    for kind in (NoteKind.COMMENT, NoteKind.FLAG, NoteKind.QUESTION):
        write(session, submission, judge, kind, kind.value)
    team = submission.team
    assert team is not None
    assert [note.body for note in list_notes(session, submission, team.captain)] == ["question"]
    assert len(list_notes(session, submission, judge)) == 3


@pytest.mark.parametrize("body", ["", " \n", "x" * (LONGEST_NOTE + 1)])
def test_a_note_has_a_text(
    session: Session, submission: Submission, judge: User, body: str
) -> None:
    with pytest.raises(EmptyNoteError):
        write(session, submission, judge, NoteKind.COMMENT, body)
