from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.errors import BadNameError
from app.accounts.models import Role, User
from app.core.db import Database
from app.core.errors import AppError
from app.problems.models import Board, Problem
from app.teams import operations, queries
from app.teams.errors import (
    AlreadyInTeamError,
    CaptainLeavesError,
    LastMemberError,
    NotCaptainError,
    StaffCannotCompeteError,
    TeamFullError,
    TeamNameTakenError,
    TeamNotFoundError,
    TeamsLockedError,
    UnknownInviteCodeError,
)
from app.teams.models import Membership, Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

Acts = list[Callable[[], object]]


def names(session: Session, team: Team) -> list[str]:
    return [member.user.name for member in queries.list_members(session, team)]


def test_who_has_no_team_gets_one_of_their_name(session: Session, clock: FrozenClock) -> None:
    problem, user = make_problem(session), make_user(session, name="张伟")
    team = operations.ensure_team(session, problem, user, clock.now())
    assert (team.name, team.captain_id, names(session, team)) == ("张伟", user.id, ["张伟"])
    assert operations.ensure_team(session, problem, user, clock.now()).id == team.id


def test_the_name_of_a_team_of_one_may_be_taken(session: Session, clock: FrozenClock) -> None:
    problem, user = make_problem(session), make_user(session, name="张伟")
    make_team(session, problem=problem, name="张伟")
    assert operations.ensure_team(session, problem, user, clock.now()).name == "张伟 2"


def test_teams_are_per_problem(session: Session, clock: FrozenClock) -> None:
    user = make_user(session)
    first = operations.ensure_team(session, make_problem(session), user, clock.now())
    second = operations.ensure_team(session, make_problem(session), user, clock.now())
    assert first.id != second.id


@pytest.mark.parametrize("role", [Role.JUDGE, Role.ORGANISER, Role.ADMIN])
def test_staff_are_in_no_team(session: Session, clock: FrozenClock, role: Role) -> None:
    problem, staff = make_problem(session), make_user(session, role=role)
    team = make_team(session, problem=problem)
    with pytest.raises(StaffCannotCompeteError):
        operations.ensure_team(session, problem, staff, clock.now())
    with pytest.raises(StaffCannotCompeteError):
        operations.create_team(session, problem, staff, "百景队", clock.now())
    with pytest.raises(StaffCannotCompeteError):
        operations.join_team(session, problem, staff, team.invite_code, clock.now())


def test_founding_and_joining(session: Session, clock: FrozenClock) -> None:
    problem = make_problem(session)
    captain, other = make_user(session, name="韩梅梅"), make_user(session, name="李雷")
    team = operations.create_team(session, problem, captain, " 松山湖_1 ", clock.now())
    code = f" {team.invite_code.lower()} "
    assert operations.join_team(session, problem, other, code, clock.now()).id == team.id
    assert (team.name, names(session, team)) == ("松山湖_1", ["韩梅梅", "李雷"])


def test_one_person_is_in_one_team_of_a_problem(session: Session, clock: FrozenClock) -> None:
    problem, user = make_problem(session), make_user(session)
    other = make_team(session, problem=problem)
    operations.create_team(session, problem, user, "百景队", clock.now())
    with pytest.raises(AlreadyInTeamError):
        operations.create_team(session, problem, user, "另一队", clock.now())
    with pytest.raises(AlreadyInTeamError):
        operations.join_team(session, problem, user, other.invite_code, clock.now())


def test_a_taken_or_bad_name_is_refused(session: Session, clock: FrozenClock) -> None:
    problem, user = make_problem(session), make_user(session)
    make_team(session, problem=problem, name="百景队")
    with pytest.raises(TeamNameTakenError):
        operations.create_team(session, problem, user, "百景队", clock.now())
    with pytest.raises(BadNameError):
        operations.create_team(session, problem, user, "a\u202eb", clock.now())
    assert queries.find_team(session, problem, user) is None


def test_a_code_of_another_problem_is_unknown(session: Session, clock: FrozenClock) -> None:
    team = make_team(session, problem=make_problem(session))
    with pytest.raises(UnknownInviteCodeError):
        operations.join_team(
            session, make_problem(session), make_user(session), team.invite_code, clock.now()
        )


def test_a_full_team_takes_nobody(session: Session, clock: FrozenClock) -> None:
    problem = make_problem(session)
    problem.team_size = 2
    team = operations.create_team(session, problem, make_user(session), "百景队", clock.now())
    operations.join_team(session, problem, make_user(session), team.invite_code, clock.now())
    with pytest.raises(TeamFullError, match="2"):
        operations.join_team(session, problem, make_user(session), team.invite_code, clock.now())


def test_of_many_who_take_the_last_places_only_so_many_get_in(
    database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem = make_problem(session)
        problem.team_size = 3
        team = operations.create_team(session, problem, make_user(session), "百景队", clock.now())
        people = [make_user(session).id for _ in range(6)]

    def arrive(user_id: int) -> bool:
        try:
            with database.transaction() as session:
                operations.join_team(
                    session,
                    session.get_one(Problem, problem.id),
                    session.get_one(User, user_id),
                    team.invite_code,
                    clock.now(),
                )
        except TeamFullError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(arrive, people)) == 2
    with database.reading() as session:
        assert queries.count_members(session, team) == 3


def test_one_person_who_submits_twice_at_once_has_one_team(
    database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem, user = make_problem(session), make_user(session)

    def arrive(_number: int) -> int:
        with database.transaction() as session:
            here = session.get_one(Problem, problem.id)
            return operations.ensure_team(session, here, user, clock.now()).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(arrive, range(4)))) == 1


def test_who_leaves_takes_no_scores_along(session: Session, clock: FrozenClock) -> None:
    problem, user = make_problem(session), make_user(session)
    team = make_team(session, problem=problem)
    session.add(
        Membership(team_id=team.id, problem_id=problem.id, user_id=user.id, joined_at=clock.now())
    )
    session.flush()
    submission = make_submission(session, problem=problem, team=team, user=user)
    operations.leave_team(session, problem, user, clock.now())
    assert queries.find_team(session, problem, user) is None
    assert submission.team_id == team.id


def test_a_captain_hands_over_before_leaving(session: Session, clock: FrozenClock) -> None:
    problem, captain, other = make_problem(session), make_user(session), make_user(session)
    team = operations.create_team(session, problem, captain, "百景队", clock.now())
    operations.join_team(session, problem, other, team.invite_code, clock.now())
    with pytest.raises(CaptainLeavesError):
        operations.leave_team(session, problem, captain, clock.now())
    operations.hand_over_team(session, team, captain, other.id, clock.now())
    operations.leave_team(session, problem, captain, clock.now())
    assert team.captain.id == other.id


def test_a_team_without_submissions_ends_with_its_last_member(
    session: Session, clock: FrozenClock
) -> None:
    problem, user = make_problem(session), make_user(session)
    operations.create_team(session, problem, user, "百景队", clock.now())
    operations.leave_team(session, problem, user, clock.now())
    assert session.scalars(select(func.count(Team.id))).one() == 0
    operations.create_team(session, problem, user, "百景队", clock.now())


def test_a_team_with_submissions_keeps_its_last_member(
    session: Session, clock: FrozenClock
) -> None:
    problem, user = make_problem(session), make_user(session)
    team = operations.ensure_team(session, problem, user, clock.now())
    make_submission(session, problem=problem, team=team)
    with pytest.raises(LastMemberError):
        operations.leave_team(session, problem, user, clock.now())
    found = queries.find_team(session, problem, user)
    assert found is not None
    assert found.id == team.id


def test_nobody_leaves_a_team_they_are_not_in(session: Session, clock: FrozenClock) -> None:
    with pytest.raises(TeamNotFoundError):
        operations.leave_team(session, make_problem(session), make_user(session), clock.now())


def test_a_captain_leads(session: Session, clock: FrozenClock) -> None:
    problem, captain, other = make_problem(session), make_user(session), make_user(session)
    team = operations.create_team(session, problem, captain, "百景队", clock.now())
    code = team.invite_code
    operations.join_team(session, problem, other, code, clock.now())
    operations.rename_team(session, team, captain, "松山湖队", clock.now())
    operations.remove_member(session, team, captain, other.id, clock.now())
    assert team.name == "松山湖队"
    assert names(session, team) == [captain.name]
    with pytest.raises(UnknownInviteCodeError):
        operations.join_team(session, problem, other, code, clock.now())
    operations.join_team(session, problem, other, team.invite_code, clock.now())


def test_members_do_not_lead(session: Session, clock: FrozenClock) -> None:
    problem, captain, other = make_problem(session), make_user(session), make_user(session)
    team = operations.create_team(session, problem, captain, "百景队", clock.now())
    operations.join_team(session, problem, other, team.invite_code, clock.now())
    now = clock.now()
    acts: Acts = [
        lambda: operations.rename_team(session, team, other, "另一队", now),
        lambda: operations.replace_invite_code(session, team, other, now),
        lambda: operations.remove_member(session, team, other, captain.id, now),
        lambda: operations.hand_over_team(session, team, other, other.id, now),
    ]
    for act in acts:
        with pytest.raises(NotCaptainError):
            act()
    assert team.name == "百景队"


def test_a_captain_acts_on_members_only(session: Session, clock: FrozenClock) -> None:
    problem, captain, stranger = make_problem(session), make_user(session), make_user(session)
    team = operations.create_team(session, problem, captain, "百景队", clock.now())
    with pytest.raises(TeamNotFoundError):
        operations.remove_member(session, team, captain, stranger.id, clock.now())
    with pytest.raises(TeamNotFoundError):
        operations.hand_over_team(session, team, captain, stranger.id, clock.now())
    with pytest.raises(CaptainLeavesError):
        operations.remove_member(session, team, captain, captain.id, clock.now())


def test_a_name_cannot_be_taken_by_renaming(session: Session, clock: FrozenClock) -> None:
    problem, captain = make_problem(session), make_user(session)
    make_team(session, problem=problem, name="松山湖队")
    team = operations.create_team(session, problem, captain, "百景队", clock.now())
    with pytest.raises(TeamNameTakenError):
        operations.rename_team(session, team, captain, "松山湖队", clock.now())
    assert team.name == "百景队"


def test_teams_are_fixed_once_stage_a_has_closed(session: Session, clock: FrozenClock) -> None:
    problem, captain, other = make_problem(session), make_user(session), make_user(session)
    team = operations.create_team(session, problem, captain, "百景队", clock.now())
    code = team.invite_code
    stage = problem.stage(Board.A)
    assert stage is not None
    stage.closes_at = clock.now() + timedelta(hours=1)
    operations.join_team(session, problem, other, code, clock.now())
    clock.tick(timedelta(hours=1))
    now, third = clock.now(), make_user(session)
    acts: Acts = [
        lambda: operations.create_team(session, problem, third, "另一队", now),
        lambda: operations.join_team(session, problem, third, code, now),
        lambda: operations.leave_team(session, problem, other, now),
        lambda: operations.rename_team(session, team, captain, "另一队", now),
        lambda: operations.replace_invite_code(session, team, captain, now),
        lambda: operations.remove_member(session, team, captain, other.id, now),
        lambda: operations.hand_over_team(session, team, captain, other.id, now),
    ]
    for act in acts:
        with pytest.raises(TeamsLockedError):
            act()
    assert len(names(session, team)) == 2


def test_teams_form_before_the_stage_opens(session: Session, clock: FrozenClock) -> None:
    problem = make_problem(session, opens_at=None)
    operations.create_team(session, problem, make_user(session), "百景队", clock.now())


def test_a_disabled_person_competes_no_more(session: Session, clock: FrozenClock) -> None:
    problem, user = make_problem(session), make_user(session)
    user.disabled_at = clock.now()
    with pytest.raises(AppError, match="cannot be in a team"):
        operations.ensure_team(session, problem, user, clock.now())


def test_invite_codes_are_long_and_easy_to_read() -> None:
    codes = {operations.new_invite_code() for _ in range(100)}
    assert len(codes) == 100
    assert not set("".join(codes)) & set("01OIL")
    assert {len(code) for code in codes} == {10}
