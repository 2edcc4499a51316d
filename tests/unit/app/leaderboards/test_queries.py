from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import deepcopy
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.pagination import PageRequest
from app.evaluations.models import Evaluation
from app.evaluations.standings import ensure_fresh, rules_of
from app.leaderboards.queries import (
    View,
    best_scores,
    count_teams,
    find_team_row,
    find_view,
    list_baselines,
    list_board,
)
from app.problems.models import Board, Problem, TieRule
from problems.spec import ProblemSpec
from scoring import Scoring
from tests.factories import make_problem, make_submission, make_team
from tests.factories.accounts import CREATED
from tests.factories.problems import SPEC
from tests.factories.submissions import make_evaluation

SCORING: Scoring = ProblemSpec.model_validate(SPEC).scoring
ALL = PageRequest(1, 100)


def scores(a: float, b: float | None = None) -> dict[str, dict[str, float]]:
    found = {"A": {"macro_f1": a, "accuracy": a / 2}}
    return found if b is None else {**found, "B": {"macro_f1": b, "accuracy": b / 2}}


@pytest.fixture
def problem(session: Session) -> Problem:
    return make_problem(session)


def view(session: Session, problem: Problem, board: Board = Board.A) -> View:
    ensure_fresh(session, problem, now=CREATED)
    found = find_view(session, problem, board, now=CREATED)
    assert found is not None
    return found


def standing(session: Session, problem: Problem) -> list[tuple[int | None, str]]:
    page = list_board(session, view(session, problem), ALL)
    return [(row.rank, row.team_name) for row in page.items]


def test_the_best_submission_of_a_team_counts(session: Session, problem: Problem) -> None:
    team = make_team(session, problem=problem)
    for value in (0.5, 0.9, 0.7):
        make_submission(session, problem=problem, team=team, scores=scores(value))
    page = list_board(session, view(session, problem), ALL)
    assert page.total == 1
    assert page.items[0].scores == {"macro_f1": 0.9, "accuracy": 0.45}
    assert page.items[0].entries == 3


def test_lower_is_better_where_the_column_says_so(session: Session) -> None:
    spec = deepcopy(SPEC)
    spec["scoring"]["columns"][0]["direction"] = "min"
    problem = make_problem(session, spec=spec)
    for name, value in (("far", 9.0), ("near", 1.0)):
        team = make_team(session, problem=problem, name=name)
        make_submission(session, problem=problem, team=team, scores=scores(value))
    page = list_board(session, view(session, problem), ALL)
    assert [row.team_name for row in page.items] == ["near", "far"]


@pytest.mark.parametrize(
    ("rule", "ranks"), [(TieRule.EARLIER, [1, 2, 3]), (TieRule.SHARED, [1, 1, 3])]
)
def test_ties_follow_the_stated_rule(
    session: Session, problem: Problem, rule: TieRule, ranks: list[int]
) -> None:
    problem.tie_rule = rule
    for name, value, minutes in (("late", 0.8, 5), ("early", 0.8, 1), ("low", 0.1, 0)):
        team = make_team(session, problem=problem, name=name)
        at = CREATED + timedelta(minutes=minutes)
        make_submission(session, problem=problem, team=team, scores=scores(value), at=at)
    assert standing(session, problem) == list(zip(ranks, ["early", "late", "low"], strict=True))


def test_b_takes_the_submission_that_counts_on_a(session: Session, problem: Problem) -> None:
    team = make_team(session, problem=problem)
    make_submission(session, problem=problem, team=team, scores=scores(0.5, 0.99))
    make_submission(session, problem=problem, team=team, scores=scores(0.6, 0.40))
    page = list_board(session, view(session, problem, Board.B), ALL)
    assert page.items[0].scores["macro_f1"] == 0.40


def test_on_sets_the_b_run_of_the_code_counts_until_predictions_come(
    session: Session, problem: Problem
) -> None:
    team = make_team(session, problem=problem)
    code = make_submission(session, problem=problem, team=team, scores=scores(0.6))
    on_b = {"B": {"macro_f1": 0.3}}
    make_evaluation(session, submission=code, scores=on_b, board=Board.B)
    assert list_board(session, view(session, problem, Board.B), ALL).items[0].scores == {
        "macro_f1": 0.3
    }
    for value in (0.5, 0.2):
        make_submission(
            session,
            problem=problem,
            team=team,
            board=Board.B,
            scores={"B": {"macro_f1": value}},
        )
    assert list_board(session, view(session, problem, Board.B), ALL).items[0].scores == {
        "macro_f1": 0.2
    }


def test_retracted_baseline_and_replaced_ones_are_not_ranked(
    session: Session, problem: Problem
) -> None:
    team = make_team(session, problem=problem)
    make_submission(session, problem=problem, team=team, scores=scores(0.9), retracted_at=CREATED)
    kept = make_submission(session, problem=problem, team=team, scores=scores(0.4))
    make_submission(session, problem=problem, baseline=True, scores=scores(0.95))
    old = session.scalars(select(Evaluation).where(Evaluation.submission_id == kept.id)).one()
    old.is_current = False
    make_evaluation(session, submission=kept, scores=scores(0.5), number=2)
    page = list_board(session, view(session, problem), ALL)
    assert [(row.scores["macro_f1"], row.entries) for row in page.items] == [(0.5, 1)]
    baselines = list_baselines(session, problem, rules_of(session, problem), Board.A)
    assert [row.scores["macro_f1"] for row in baselines] == [0.95]


def test_a_team_finds_its_row_wherever_it_is(session: Session, problem: Problem) -> None:
    teams = [make_team(session, problem=problem) for _ in range(30)]
    for number, team in enumerate(teams):
        make_submission(session, problem=problem, team=team, scores=scores(number / 100))
    row = find_team_row(session, view(session, problem), teams[0].id)
    assert row is not None
    assert row.rank == 30
    assert find_team_row(session, view(session, problem), 999_999) is None
    page = list_board(session, view(session, problem), PageRequest(2, 10))
    assert [row.rank for row in page.items] == list(range(11, 21))
    assert page.total == 30


def test_a_page_costs_the_same_whatever_its_length(
    session: Session,
    problem: Problem,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    for _ in range(40):
        make_submission(session, problem=problem, scores=scores(0.5, 0.5))
    session.flush()
    for board in Board:
        for size in (5, 40):
            opened = view(session, problem, board)
            with count_queries() as seen:
                list_board(session, opened, PageRequest(1, size))
            assert len(seen) == 4  # buckets, rows, scores, names


def test_the_hall_reads_all_problems_at_once(session: Session, problem: Problem) -> None:
    other = make_problem(session)
    for one, value in ((problem, 0.3), (problem, 0.8), (other, 0.1)):
        make_submission(session, problem=one, scores=scores(value))
    primaries = {problem.id: SCORING.primary, other.id: SCORING.primary}
    assert best_scores(session, [problem, other], primaries) == {problem.id: 0.8, other.id: 0.1}
    assert count_teams(session, [problem.id, other.id]) == {problem.id: 2, other.id: 1}
