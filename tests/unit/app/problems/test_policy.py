from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Role, User
from app.problems import policy
from app.problems.models import Board, Problem
from tests.factories import make_problem, make_user
from tests.factories.problems import OPENS

WHO: dict[str, Role | None] = {"visitor": None} | {role.value: role for role in Role}
ACTIONS: dict[str, tuple[Callable[[User | None, Problem], bool], set[str]]] = {
    "read": (
        policy.can_read_problem,
        {"visitor", "participant", "judge", "organiser", "admin"},
    ),
    "edit": (policy.can_edit_problem, {"organiser", "admin"}),
    "publish": (lambda actor, _problem: policy.can_publish_problem(actor), {"organiser", "admin"}),
    "read staff pages": (
        lambda actor, _problem: policy.can_read_staff_pages(actor),
        {"judge", "organiser", "admin"},
    ),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("who", WHO)
def test_who_may_do_what(session: Session, who: str, action: str) -> None:
    role = WHO[who]
    actor = None if role is None else make_user(session, role=role)
    allows, allowed = ACTIONS[action]
    assert allows(actor, make_problem(session)) == (who in allowed)


@pytest.mark.parametrize("who", WHO)
def test_a_withdrawn_problem_is_for_staff_in_lists_and_by_itself(
    session: Session, who: str
) -> None:
    role = WHO[who]
    actor = None if role is None else make_user(session, role=role)
    problem = make_problem(session)
    problem.withdrawn_at = OPENS
    session.flush()
    listed = session.scalars(select(Problem).where(policy.readable_problems(actor))).all()
    expected = who in {"judge", "organiser", "admin"}
    assert policy.can_read_problem(actor, problem) == expected
    assert (listed == [problem]) == expected


def test_the_input_of_a_board_is_for_teams_once_its_stage_has_opened(session: Session) -> None:
    problem, team = make_problem(session), make_user(session)
    judge = make_user(session, role=Role.JUDGE)
    before, after = OPENS - timedelta(seconds=1), OPENS
    assert not policy.can_download_input(team, problem, Board.A, before)
    assert policy.can_download_input(team, problem, Board.A, after)
    assert not policy.can_download_input(team, problem, Board.B, after)
    assert policy.can_download_input(judge, problem, Board.B, before)
    single = make_problem(session, boards=(Board.A,))
    assert not policy.can_download_input(team, single, Board.B, after)


def test_staff_need_not_accept_the_rules(session: Session) -> None:
    team, judge = make_user(session), make_user(session, role=Role.JUDGE)
    assert policy.needs_rules(team, accepted=False)
    assert not policy.needs_rules(team, accepted=True)
    assert not policy.needs_rules(judge, accepted=False)
