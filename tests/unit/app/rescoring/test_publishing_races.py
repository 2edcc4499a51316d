"""Several publish at once, and results are recorded meanwhile: on both engines."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from app.contests.models import Announcement
from app.contests.operations import Notice
from app.core.audit import verify_chain
from app.core.errors import AppError
from app.core.platform import Platform
from app.evaluations.models import Evaluation
from app.rescoring import queries
from app.rescoring.errors import RescoreEndedError
from app.rescoring.operations import publish_rescore
from app.settings import Settings
from tests.factories.rescoring import Competition, answer

CLICKS = 4


@pytest.fixture
def competition(platform: Platform, settings: Settings, tmp_path: Path) -> Competition:
    made = Competition(platform, settings, tmp_path)
    made.hand_in("Misled", answer(r0="bad"))
    made.hand_in("Right", answer())
    while made.work():
        pass
    return made


def test_of_several_clicks_one_publishes(competition: Competition) -> None:
    number = competition.stage()
    competition.finish()
    start = Barrier(CLICKS)

    def click(_number: int) -> AppError | None:
        start.wait(10)
        try:
            with competition.database.transaction() as session:
                publish_rescore(
                    session,
                    queries.get_rescore(session, number),
                    competition.organiser,
                    Notice("重新评分", "真值有误"),
                    now=competition.platform.clock.now(),
                )
        except AppError as error:
            return error
        return None

    with ThreadPoolExecutor(CLICKS) as pool:
        outcomes = list(pool.map(click, range(CLICKS)))
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, RescoreEndedError) for outcome in outcomes) == CLICKS - 1
    with competition.database.reading() as session:
        assert session.scalars(select(func.count(Announcement.id))).one() == 1
        assert verify_chain(session).broken is None
        current = select(Evaluation.revision_number).where(Evaluation.is_current)
        assert session.scalars(current).all() == [2, 2]


def test_a_submission_evaluated_while_it_is_published_ends_under_the_new_rules(
    competition: Competition,
) -> None:
    number = competition.stage()
    competition.finish()
    late = competition.hand_in("Late", answer())
    start = Barrier(2)

    def publish() -> AppError | None:
        start.wait(10)
        try:
            with competition.database.transaction() as session:
                publish_rescore(
                    session,
                    queries.get_rescore(session, number),
                    competition.organiser,
                    Notice("重新评分", "真值有误"),
                    now=competition.platform.clock.now(),
                )
        except AppError as error:
            return error
        return None

    def evaluate() -> bool:
        start.wait(10)
        return competition.work()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(publish), pool.submit(evaluate)
        refused, worked = first.result(), second.result()
    assert worked
    competition.finish()
    if refused is not None:  # its result came first, and was missing
        publish_again(competition, number)
    current = [one for one in competition.evaluations(late) if one.is_current]
    assert [one.revision_number for one in current] == [2]
    assert [row[2] for row in competition.board()] == [1.0, 1.0, 0.5]


def publish_again(competition: Competition, number: int) -> None:
    with competition.database.transaction() as session:
        publish_rescore(
            session,
            queries.get_rescore(session, number),
            competition.organiser,
            Notice("重新评分", "真值有误"),
            now=competition.platform.clock.now(),
        )
