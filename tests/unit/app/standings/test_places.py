"""Places are found by adding buckets up, however rows came and went."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.pagination import PageRequest
from app.problems.models import Board
from app.standings.counting import Place
from app.standings.keys import WIDTH, place_key, score_key
from app.standings.models import StandingBucket
from app.standings.operations import Classed, clear, fill, put_row, take_off
from app.standings.queries import Stretch, find_ranked, list_ranked, map_ranks
from scoring import BoardColumn, Direction
from tests.databases import open_sqlite
from tests.factories import make_problem, make_submission, make_team
from tests.factories.accounts import CREATED

TEAMS = 12


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Database]:
    with open_sqlite(tmp_path_factory.mktemp("places") / "test.db", empty_database) as opened:
        with opened.transaction() as session:
            problem = make_problem(session)
            for _ in range(TEAMS):
                make_submission(session, problem=problem, team=make_team(session, problem=problem))
        yield opened


def row(team: int, score: int, division: str = "") -> Classed:
    key = place_key(bytes([score]) * WIDTH, CREATED, team)
    place = Place(team, key, team, team, CREATED, entries=1, last_at=CREATED)
    return Classed(place, division)


MOVES = st.lists(
    st.tuples(
        st.integers(1, TEAMS), st.integers(0, 3) | st.none(), st.sampled_from(["", "学生组"])
    ),
    max_size=40,
)


@given(moves=MOVES, begun=st.integers(0, TEAMS))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_place_is_the_number_of_rows_before_it(
    shared: Database, moves: list[tuple[int, int | None, str]], begun: int
) -> None:
    stretch = Stretch(1, Board.A)
    with shared.transaction() as session:
        clear(session, stretch)
        kept = {team: row(team, team % 3) for team in range(1, begun + 1)}
        fill(session, stretch, kept.values())
        for team, score, division in moves:
            if score is None:
                take_off(session, stretch, team)
                kept.pop(team, None)
            else:
                kept[team] = row(team, score, division)
                put_row(session, stretch, kept[team], bucket=2)
        for division in ("", "学生组"):
            compare(session, stretch.within(division), list(kept.values()))
        session.rollback()


def compare(session: Session, stretch: Stretch, rows: list[Classed]) -> None:
    counted = [one for one in rows if stretch.division in {"", one.division}]
    keys = sorted(one.place.key for one in counted)
    for width in (None, WIDTH):
        ranks = [1 + sum(other[:width] < key[:width] for other in keys) for key in keys]
        pages = [list_ranked(session, stretch, PageRequest(number, 3), width) for number in (1, 2)]
        assert [one.rank for page in pages for one in page.items] == ranks[:6]
        assert {page.total for page in pages} == {len(keys)}
        found = map_ranks(session, stretch, range(1, TEAMS + 1), width)
        assert sorted(found.values()) == ranks
        for one in counted[:2]:
            alone = find_ranked(session, stretch, one.place.team_id, width)
            assert alone is not None
            assert alone.rank == found[one.place.team_id]


def test_a_bucket_that_grows_is_split(shared: Database) -> None:
    stretch = Stretch(1, Board.B)
    with shared.transaction() as session:
        for team in range(1, TEAMS + 1):
            put_row(session, stretch, row(team, team * 7 % TEAMS), bucket=2)
        sizes = session.scalars(
            select(StandingBucket.size).where(StandingBucket.board == Board.B)
        ).all()
        session.rollback()
    assert sum(sizes) == TEAMS
    assert max(sizes) <= 4


def test_a_tie_is_shared_over_pages_as_on_real_boards(shared: Database) -> None:
    """The pattern of public final boards: lower is better, a long tie, negative and huge scores."""
    scores = [-3.25, -3.25, -0.5, -0.5, -0.5, -0.5, -0.5, 0.0, 25.8, 1e9, 1e9, 1e9]
    column = BoardColumn(
        key="rmse", metric="rmse", target="y", direction=Direction.MIN, primary=True
    )
    stretch = Stretch(1, Board.B)
    with shared.transaction() as session:
        for team, score in enumerate(scores[::-1], 1):
            key = score_key({"rmse": score}, [column])
            assert key is not None
            place = Place(team, place_key(key, CREATED, team), team, team, CREATED, 1, CREATED)
            put_row(session, stretch, Classed(place), bucket=2)
        pages = [list_ranked(session, stretch, PageRequest(page, 5), WIDTH) for page in (1, 2, 3)]
        ranks = [[one.rank for one in page.items] for page in pages]
        session.rollback()
    assert ranks == [[1, 1, 3, 3, 3], [3, 3, 8, 9, 10], [10, 10]]
