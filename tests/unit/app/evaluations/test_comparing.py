import pytest
from sqlalchemy.orm import Session

from app.evaluations.comparing import Gap, compare, gap
from app.problems.models import Board
from scoring import BoardColumn, Direction
from tests.factories import make_problem, make_submission, make_team
from tests.factories.accounts import CREATED

UP = BoardColumn(key="macro_f1", metric="f1_macro", target="label", direction="max", primary=True)
DOWN = UP.model_copy(update={"direction": Direction.MIN})


def worth(value: float) -> dict[str, dict[str, float]]:
    return {"A": {"macro_f1": value, "accuracy": value / 2}}


@pytest.mark.parametrize(("primary", "best"), [(UP, 0.9), (DOWN, 0.2)])
def test_the_best_other_one_and_the_newest_baseline(
    session: Session, primary: BoardColumn, best: float
) -> None:
    problem = make_problem(session)
    team = make_team(session, problem=problem)
    make_submission(session, problem=problem, baseline=True, scores=worth(0.3))
    make_submission(session, problem=problem, baseline=True, scores=worth(0.4))
    for value in (0.2, 0.9):
        make_submission(session, problem=problem, team=team, scores=worth(value))
    make_submission(session, problem=problem, team=team, scores=worth(0.95), retracted_at=CREATED)
    make_submission(session, problem=problem, team=team, scores=worth(0.05), is_debug=True)
    make_submission(session, problem=problem, scores=worth(0.99))  # another team's
    mine = make_submission(session, problem=problem, team=team, scores=worth(0.5))
    found = compare(session, mine, {Board.A: True}, primary)["A"]
    assert found.own_best is not None
    assert found.own_best.scores["macro_f1"] == best
    assert found.baseline is not None
    assert found.baseline.scores == {"macro_f1": 0.4, "accuracy": 0.2}


def test_the_first_stands_beside_nothing(session: Session) -> None:
    problem = make_problem(session)
    mine = make_submission(session, problem=problem, scores=worth(0.5))
    found = compare(session, mine, {Board.A: True}, UP)["A"]
    assert (found.own_best, found.baseline) == (None, None)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [(Direction.MAX, Gap(0.25, is_better=True)), (Direction.MIN, Gap(0.25, is_better=False))],
)
def test_a_gap_is_good_in_the_direction_of_the_column(direction: Direction, expected: Gap) -> None:
    assert gap(0.75, 0.5, direction) == expected
    assert gap(None, 0.5, direction) is None
    assert gap(0.5, 0.5, direction) == Gap(0.0, is_better=False)
