"""Tells the teams of a problem what concerns them all."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import BEIJING
from app.core.platform import Platform
from app.notifications.models import Topic
from app.notifications.operations import Fact, notify
from app.problems.models import Problem, Stage
from app.teams.models import Membership

BEFORE_END: Final = timedelta(hours=24)


def list_competitors(session: Session, problem: Problem) -> list[int]:
    """Return the ids of everybody who is in a team of a problem."""
    return list(
        session.scalars(select(Membership.user_id).where(Membership.problem_id == problem.id))
    )


def list_member_ids(session: Session, team_id: int) -> list[int]:
    """Return the ids of a team's members."""
    return list(session.scalars(select(Membership.user_id).where(Membership.team_id == team_id)))


def tell_team(  # noqa: PLR0913 — what `notify` takes
    session: Session,
    team_id: int,
    topic: Topic,
    facts: Mapping[str, Fact],
    path: str,
    *,
    now: datetime,
    key: str | None = None,
) -> None:
    """Tell every member of one team."""
    notify(session, list_member_ids(session, team_id), topic, facts, path, now=now, key=key)


def tell_revealed(session: Session, problem: Problem, now: datetime) -> None:
    """Tell the teams of a problem that board B is shown."""
    path = f"/problems/{problem.slug}/leaderboard?board=B"
    facts = {"problem": problem.title}
    people = list_competitors(session, problem)
    notify(session, people, Topic.REVEALED, facts, path, now=now, key=f"revealed:{problem.id}")


def tell_ending_stages(port: Platform) -> int:
    """Tell the teams of every stage that closes within a day, once; return how many stages.

    A stage whose end is moved is told of again before its new end.
    """
    now = port.clock.now()
    due = (
        select(Stage)
        .join(Stage.problem)
        .where(
            Problem.withdrawn_at.is_(None),
            Stage.opens_at <= now,
            Stage.closes_at > now,
            Stage.closes_at <= now + BEFORE_END,
            Stage.end_told.is_distinct_from(Stage.closes_at),
        )
    )
    with port.database.reading() as session:
        if session.scalar(due.limit(1)) is None:
            return 0
    with port.database.transaction() as session:
        stages = session.scalars(due.with_for_update(skip_locked=True, of=Stage)).all()
        for stage in stages:
            _tell_end(session, stage, now)
        return len(stages)


def _tell_end(session: Session, stage: Stage, now: datetime) -> None:
    assert stage.closes_at is not None  # noqa: S101 — the query asked for those that close
    stage.end_told = stage.closes_at
    problem = stage.problem
    facts = {
        "problem": problem.title,
        "board": stage.key.value,
        "when": stage.closes_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M"),
    }
    people = list_competitors(session, problem)
    key = f"stage-ending:{stage.id}:{stage.closes_at.isoformat()}"
    path = f"/problems/{problem.slug}"
    notify(session, people, Topic.STAGE_ENDING, facts, path, now=now, key=key)
