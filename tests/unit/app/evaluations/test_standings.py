"""The table of standings always equals what can be worked out from the scores."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.pagination import PageRequest
from app.evaluations.models import Evaluation, Score
from app.evaluations.standings import (
    compute,
    edition_for_all,
    ensure_fresh,
    is_fresh,
    rebuild,
    refresh_submission,
    refresh_team,
    rules_of,
)
from app.problems.models import Board, Problem, TieRule
from app.standings.models import Edition, FinalChoice, Standing, TeamClass
from app.standings.queries import Stretch, list_ranked, list_told, map_ranks, map_states
from app.submissions.models import Submission
from app.teams.models import Team
from tests.databases import open_sqlite
from tests.factories import make_problem, make_submission, make_team
from tests.factories.accounts import CREATED
from tests.factories.submissions import make_evaluation

DIVISIONS: Final = ("学生组", "社会组")
RULES = st.fixed_dictionaries(
    {
        "counts": st.sampled_from(["best", "last", "chosen"]),
        "choices": st.integers(0, 2),
        "tie_columns": st.booleans(),
        "refresh": st.sampled_from(["live", "hourly"]),
        "freeze_hours": st.integers(0, 3),
        "divisions": st.just(list(DIVISIONS)),
    }
)
SCORES = st.sampled_from([0.0, 0.25, 0.5])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("score"), st.integers(0, 3), SCORES, SCORES, SCORES),
        st.tuples(st.just("retract"), st.integers(0, 30)),
        st.tuples(st.just("rerun"), st.integers(0, 30), SCORES),
        st.tuples(st.just("class"), st.integers(0, 3), st.sampled_from(["", *DIVISIONS, "pin"])),
        st.tuples(st.just("out"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("choose"), st.integers(0, 30)),
        st.tuples(st.just("reveal")),
        st.tuples(st.just("rules"), RULES, st.sampled_from(list(TieRule))),
    ),
    min_size=3,
    max_size=14,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Database]:
    with open_sqlite(tmp_path_factory.mktemp("boards") / "test.db", empty_database) as opened:
        yield opened


@given(steps=STEPS)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_it_equals_the_plain_computation_after_any_history(
    shared: Database, steps: list[tuple[object, ...]]
) -> None:
    with shared.transaction() as session:
        problem = make_problem(session, opens_at=CREATED, closes_at=CREATED + timedelta(hours=3))
        teams = [make_team(session, problem=problem) for _ in range(4)]
        ensure_fresh(session, problem, now=CREATED)
        teams_decided: datetime | None = None
        for number, step in enumerate(steps):
            now = CREATED + timedelta(minutes=20 * number)
            if step[0] in {"choose", "rerun"}:
                teams_decided = now
            act(session, problem, teams, step, number)
            if not all_fresh(session, problem, now):
                teams_decided = None  # what is made anew has everything
            ensure_fresh(session, problem, now=now)
            check(session, problem)
            check_shown(session, problem, now, teams_decided)
        session.rollback()


def act(
    session: Session, problem: Problem, teams: list[Team], step: tuple[object, ...], number: int
) -> None:
    now = CREATED + timedelta(minutes=20 * number)
    made = list_made(session, problem)
    match step:
        case ("score", int(place), float(first), float(second), float(hidden)):
            make_submission(
                session,
                problem=problem,
                team=teams[place],
                at=now,
                scores={
                    "A": {"macro_f1": first, "accuracy": second},
                    "B": {"macro_f1": hidden, "accuracy": second},
                },
            )
        case ("retract", int(place)) if made:
            made[place % len(made)].retracted_at = now
            refresh_submission(session, made[place % len(made)], now=now, by_staff=True)
        case ("rerun", int(place), float(value)) if made:
            again(session, made[place % len(made)], value)
        case _:
            decide(session, problem, teams, step, now)


def decide(
    session: Session, problem: Problem, teams: list[Team], step: tuple[object, ...], now: datetime
) -> None:
    """What organisers and teams decide, and what the rules become."""
    match step:
        case ("class", int(place), str(division)):
            classed = session.get(TeamClass, teams[place].id) or TeamClass(
                team_id=teams[place].id, reason=""
            )
            classed.division = division if division in DIVISIONS else ""
            classed.pinned = division == "pin"
            session.add(classed)
            refresh_team(session, problem, teams[place].id, now=now, by_staff=True)
        case ("out", int(place), bool(out)):
            classed = session.get(TeamClass, teams[place].id) or TeamClass(
                team_id=teams[place].id, division=""
            )
            classed.disqualified_at, classed.reason = (now, "copied") if out else (None, "")
            session.add(classed)
            refresh_team(session, problem, teams[place].id, now=now, by_staff=True)
        case ("choose", int(place)):
            made = list_made(session, problem)
            if not made:
                return
            chosen = made[place % len(made)]
            known = session.get(FinalChoice, chosen.id)
            if known is not None:
                session.delete(known)
            else:
                session.add(
                    FinalChoice(submission_id=chosen.id, team_id=chosen.team_id, chosen_at=now)
                )
            refresh_team(session, problem, chosen.team_id, now=now)
        case ("reveal",):
            problem.b_revealed_at = problem.b_revealed_at or now
        case ("rules", dict(rules), TieRule() as ties):
            problem.board_rules, problem.tie_rule = rules, ties


def list_made(session: Session, problem: Problem) -> list[Submission]:
    return list(
        session.scalars(
            select(Submission).where(Submission.problem_id == problem.id).order_by(Submission.id)
        )
    )


def again(session: Session, submission: Submission, value: float) -> None:
    for old in session.scalars(
        select(Evaluation).where(Evaluation.submission_id == submission.id)
    ).all():
        old.is_current = False
    number = len(
        session.scalars(select(Evaluation).where(Evaluation.submission_id == submission.id)).all()
    )
    make_evaluation(
        session,
        submission=submission,
        scores={"A": {"macro_f1": value}, "B": {"macro_f1": value}},
        number=number + 1,
    )


def check(session: Session, problem: Problem) -> None:
    """Compare rows, buckets and ranks of every board and division with the plain computation."""
    rules = rules_of(session, problem)
    for board in Board:
        plain = sorted(compute(session, problem, rules, board), key=lambda row: row.place.key)
        kept = session.scalars(
            select(Standing)
            .where(
                Standing.problem_id == problem.id,
                Standing.board == board,
                Standing.edition == Edition.LIVE,
            )
            .order_by(Standing.place_key)
            .execution_options(populate_existing=True)
        ).all()
        assert [
            (row.team_id, row.place_key, row.submission_id, row.evaluation_id, row.entries)
            for row in kept
        ] == [
            (
                row.place.team_id,
                row.place.key,
                row.place.submission_id,
                row.place.evaluation_id,
                row.place.entries,
            )
            for row in plain
        ]
        for division in ("", *DIVISIONS):
            keys = [
                row.place.key for row in plain if not row.pinned and division in {"", row.division}
            ]
            stretch = Stretch(problem.id, board, Edition.LIVE, division)
            width = rules.rank_width(Board.A)
            page = list_ranked(session, stretch, PageRequest(1, 100), width)
            expected = [1 + sum(other[:width] < key[:width] for other in keys) for key in keys]
            assert page.total == len(keys)
            assert [one.rank for one in page.items] == expected
            found = map_ranks(session, stretch, [one.row.team_id for one in page.items], width)
            assert [found[one.row.team_id] for one in page.items] == expected
            for offset in range(len(keys)):
                one = list_ranked(
                    session, stretch, PageRequest(offset + 1, 1), rules.rank_width(Board.A)
                )
                assert [item.rank for item in one.items] == [expected[offset]]


def all_fresh(session: Session, problem: Problem, now: datetime) -> bool:
    rules, states = rules_of(session, problem), map_states(session, problem)
    return all(is_fresh(states.get(board), rules, now) for board in Board)


def check_shown(
    session: Session, problem: Problem, now: datetime, teams_decided: datetime | None
) -> None:
    """What everybody sees has nothing that was scored since, and everything from before.

    What a team itself decided since then, as a choice, waits with the scores: such a board is held
    to the first half alone.
    """
    rules, state = rules_of(session, problem), map_states(session, problem)[Board.A]
    until = rules.shown_until(Board.A, now)
    stretch = Stretch(problem.id, Board.A, edition_for_all(state, rules, now))
    kept = {told[:4] for told in list_told(session, stretch)}
    if until is None:
        assert stretch.edition is Edition.LIVE
        return
    scored_at = dict(
        session.execute(
            select(Evaluation.id, Evaluation.finished_at).where(
                Evaluation.id.in_([told[3] for told in kept])
            )
        ).all()
    )
    assert all(at < until for at in scored_at.values() if at is not None)
    if teams_decided is None or teams_decided < until:
        plain = compute(session, problem, rules, Board.A, until)
        assert kept == {
            (row.place.team_id, row.place.key, row.place.submission_id, row.place.evaluation_id)
            for row in plain
        }


@pytest.fixture
def problem(session: Session) -> Problem:
    found = make_problem(session)
    ensure_fresh(session, found, now=CREATED)
    return found


def shown(session: Session, problem: Problem, minutes: int) -> list[float]:
    """The numbers everybody sees, best first."""
    now = CREATED + timedelta(minutes=minutes)
    rules, state = rules_of(session, problem), map_states(session, problem).get(Board.A)
    assert state is not None
    assert is_fresh(state, rules, now)
    stretch = Stretch(problem.id, Board.A, edition_for_all(state, rules, now))
    page = list_ranked(session, stretch, PageRequest(1, 100), None)
    return [
        session.scalars(
            select(Score.value).where(
                Score.evaluation_id == one.row.evaluation_id,
                Score.board == Board.A,
                Score.key == "macro_f1",
            )
        ).one()
        for one in page.items
    ]


def test_a_board_refreshed_by_the_hour_shows_the_full_hour(
    session: Session, problem: Problem
) -> None:
    problem.board_rules = {"refresh": "hourly"}
    ensure_fresh(session, problem, now=CREATED)
    team = make_team(session, problem=problem)
    for minutes, value in ((10, 0.1), (50, 0.2), (70, 0.3)):
        at = CREATED + timedelta(minutes=minutes)
        scores = {"A": {"macro_f1": value}}
        make_submission(session, problem=problem, team=team, at=at, scores=scores)
        if minutes == 50:
            assert shown(session, problem, 59) == []
            assert shown(session, problem, 60) == [0.2]
    assert shown(session, problem, 80) == [0.2]
    rebuild(session, problem, now=CREATED + timedelta(minutes=90))
    assert shown(session, problem, 90) == [0.2]
    assert shown(session, problem, 120) == [0.3]


def test_what_organisers_decide_shows_on_a_frozen_board(session: Session, problem: Problem) -> None:
    stage = problem.stage(Board.A)
    assert stage is not None
    stage.opens_at, stage.closes_at = CREATED, CREATED + timedelta(hours=3)
    problem.board_rules = {"freeze_hours": 2}
    ensure_fresh(session, problem, now=CREATED)
    teams = [make_team(session, problem=problem) for _ in range(2)]
    first = [
        make_submission(session, problem=problem, team=team, scores={"A": {"macro_f1": value}})
        for team, value in zip(teams, (0.1, 0.2), strict=True)
    ]
    late = CREATED + timedelta(hours=2)
    make_submission(
        session, problem=problem, team=teams[0], at=late, scores={"A": {"macro_f1": 0.9}}
    )
    assert shown(session, problem, 130) == [0.2, 0.1]
    first[1].retracted_at = late
    refresh_submission(session, first[1], now=late, by_staff=True)
    assert shown(session, problem, 130) == [0.1]
    assert shown(session, problem, 500) == [0.1]  # after the end, until B is revealed
    problem.b_revealed_at = late
    ensure_fresh(session, problem, now=late)
    assert shown(session, problem, 500) == [0.9]


def test_a_hidden_column_breaks_no_tie(session: Session, problem: Problem) -> None:
    problem.board_rules = {"tie_columns": True}
    assert [column.key for column in rules_of(session, problem).ranking(Board.A)] == [
        "macro_f1",
        "accuracy",
    ]
    problem.board_rules = {"tie_columns": True, "hidden_columns": ["accuracy", "macro_f1"]}
    assert [column.key for column in rules_of(session, problem).ranking(Board.A)] == ["macro_f1"]
