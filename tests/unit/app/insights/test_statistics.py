"""Statistics and the shapes they are drawn with."""

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Role
from app.core.clock import beijing_day
from app.evaluations.models import State, Verdict
from app.insights import queries
from app.insights.charts import draw_days, draw_progress, round_up
from app.insights.models import PageVisits
from app.insights.queries import Best, Day
from app.insights.visits import Tally, write_visits
from app.problems.models import Area, Problem, RulesAcceptance
from scoring import Direction
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

DAY = timedelta(days=1)


@pytest.fixture
def problem(session: Session, clock: FrozenClock) -> Problem:
    """Two teams over three days; the second one fails; baselines and try runs count nowhere."""
    made, now = make_problem(session), clock.now()
    make_problem(session)
    first, second = (make_team(session, problem=made) for _ in range(2))
    for at, score in ((now - 2 * DAY, 0.6), (now - 2 * DAY, 0.7), (now, 0.65)):
        make_submission(
            session,
            problem=made,
            team=first,
            at=at,
            scores={"A": {"macro_f1": score, "accuracy": 1}},
        )
    for verdict in (Verdict.TIME_LIMIT, Verdict.TIME_LIMIT, Verdict.RUNTIME_ERROR):
        make_submission(
            session, problem=made, team=second, at=now - DAY, state=State.FAILED, verdict=verdict
        )
    make_submission(session, problem=made, baseline=True, scores={"A": {"macro_f1": 0.5}})
    make_submission(session, problem=made, team=first, at=now, is_debug=True, state=State.SCORED)
    retracted = make_submission(
        session, problem=made, team=first, at=now, scores={"A": {"macro_f1": 0.99}}
    )
    retracted.retracted_at = now
    session.add(
        RulesAcceptance(
            user_id=first.captain_id, problem_id=made.id, revision_number=1, accepted_at=now
        )
    )
    make_user(session, role=Role.JUDGE)
    session.flush()
    return made


def test_days_are_beijings_and_none_is_left_out(
    session: Session, problem: Problem, clock: FrozenClock
) -> None:
    today = beijing_day(clock.now())
    found = queries.list_daily(session, problem, today - 3 * DAY, today)
    assert found == [
        Day(today - 3 * DAY),
        Day(today - 2 * DAY, scored=2),
        Day(today - DAY, failed=3),
        Day(today, scored=2),
    ]
    late = clock.now().replace(hour=17, minute=30)  # past midnight in Beijing
    make_submission(session, problem=problem, at=late)
    tomorrow = beijing_day(late)
    assert tomorrow == today + DAY
    assert queries.list_daily(session, None, tomorrow, tomorrow) == [Day(tomorrow, other=1)]


def test_reasons_of_failure_are_counted(
    session: Session, problem: Problem, clock: FrozenClock
) -> None:
    since = beijing_day(clock.now()) - 5 * DAY
    expected = [(Verdict.TIME_LIMIT, 2), (Verdict.RUNTIME_ERROR, 1)]
    assert queries.list_verdicts(session, problem, since) == expected
    assert queries.list_verdicts(session, problem, since + 9 * DAY) == []


def test_the_best_score_never_falls(session: Session, problem: Problem, clock: FrozenClock) -> None:
    today = beijing_day(clock.now())
    column = queries.map_columns(session, [problem])[problem.id]
    found = queries.list_progress(session, problem, column, today)
    assert [(one.best, one.of_day) for one in found] == [(0.7, 0.7), (0.7, None), (0.7, 0.65)]
    other = session.scalars(select(Problem).where(Problem.id != problem.id)).one()
    assert queries.list_progress(session, other, column, today) == []


def test_from_the_visit_to_the_score(session: Session, problem: Problem) -> None:
    day = date(2030, 1, 1)
    write_visits(
        session, Counter({(day, "problems.show", problem.slug): 5, (day, "home.index", ""): 2})
    )
    write_visits(session, Counter({(day, "problems.show", problem.slug): 4}))
    found = queries.get_funnel(session, problem)
    assert found == queries.Funnel(9, None, accepted=1, joined=2, submitted=2, scored=1)
    everything = queries.get_funnel(session, None)
    assert (everything.visits, everything.people) == (11, 2)
    assert session.scalars(select(PageVisits.count).order_by(PageVisits.page)).all() == [2, 9]


def test_problems_and_areas_in_numbers(session: Session, problem: Problem) -> None:
    lines = queries.list_problem_lines(session)
    mine = next(one for one in lines if one.problem.id == problem.id)
    assert (mine.teams, mine.submissions, mine.scored, mine.failed) == (2, 7, 4, 3)
    assert (mine.baseline, mine.best) == (0.5, 0.7)
    areas = queries.list_areas(lines)
    assert [one.area for one in areas] == list(Area)
    assert (areas[0].problems, areas[0].submissions) == (2, 7)


def test_visits_are_written_down_every_few_seconds(clock: FrozenClock) -> None:
    tally, now = Tally(), clock.now()
    assert not tally.add("home.index", "", now)
    assert not tally.add("home.index", "", now + timedelta(seconds=14))
    due = tally.add("problems.show", "weld", now + timedelta(seconds=15))
    day = beijing_day(now)
    assert due == {(day, "home.index", ""): 2, (day, "problems.show", "weld"): 1}
    assert not tally.add("home.index", "", now + timedelta(seconds=16))


@pytest.mark.parametrize(
    ("number", "top"),
    [(1, 1), (3, 5), (7, 10), (10, 10), (21, 25), (26, 50), (99, 100), (101, 200)],
)
def test_an_axis_ends_at_a_round_number(number: int, top: int) -> None:
    assert round_up(number) == top


def test_bars_stand_on_each_other_and_reach_the_total() -> None:
    today = date(2030, 1, 1)
    chart = draw_days([Day(today, scored=2, failed=1, other=2), Day(today + DAY)])
    assert chart is not None
    assert chart.top == 5
    assert [(bar.kind, bar.y, bar.height) for bar in chart.bars] == [
        ("scored", 60.0, 40.0),
        ("failed", 40.0, 20.0),
        ("other", 0.0, 40.0),
    ]
    assert draw_days([Day(today)]) is None


@pytest.mark.parametrize(("direction", "best"), [(Direction.MAX, 0.9), (Direction.MIN, 0.1)])
def test_better_is_up_whichever_way_a_score_goes(direction: Direction, best: float) -> None:
    today = date(2030, 1, 1)
    days = [Best(today, 0.5, 0.5), Best(today + DAY, best, best)]
    chart = draw_progress(days, 0.5, direction)
    assert chart is not None
    assert (chart.high, chart.low) == (best, 0.5)
    assert chart.path == "M0 94.0H1000.0V6.0"
    assert chart.baseline_y == 94.0
    alone = draw_progress(days[:1], None, direction)
    assert alone is not None
    assert alone.path.endswith("H1000.0")
    assert draw_progress([], None, direction) is None
