"""One board over several: who competes on each, and where. Read in one query a board."""

from collections.abc import Hashable, Iterable, Iterator

from sqlalchemy import and_, select, true
from sqlalchemy.orm import Session

from app.core.tables import Cell
from app.evaluations.models import Score, ToldScore
from app.leaderboards.queries import View
from app.standings.models import Standing
from app.standings.queries import in_stretch
from app.teams.models import Team
from scoring.aggregate import Combined, Placed, RankedBoard

Names = dict[Hashable, str]


def rank_by_captain(session: Session, view: View, names: Names) -> RankedBoard:
    """Return a board with captains for competitors; names those that have no name yet.

    Teams are of one problem each, so those of one captain are one competitor.
    """
    primary, width = view.rules.scoring.primary, view.rank_width
    # what the board answers with: where that is the Ladder, what it tells
    kind = ToldScore if view.has_ladder else Score
    of_board = true() if view.has_ladder else Score.board == view.board
    rows = session.execute(
        select(Standing.place_key, Team.captain_id, Team.name, kind.value)
        .join(Team, Team.id == Standing.team_id)
        .join(
            kind,
            and_(kind.evaluation_id == Standing.evaluation_id, of_board, kind.key == primary.key),
        )
        .where(*in_stretch(view.stretch))
        .order_by(Standing.place_key)
    )
    places: dict[Hashable, Placed] = {}
    rank, before = 0, b""
    for number, (key, captain, name, score) in enumerate(rows, 1):
        if width is None or key[:width] != before:
            rank, before = number, key[:width]
        names.setdefault(captain, name)
        places[captain] = Placed(rank, score)
    return RankedBoard(places, primary.direction)


def combined_cells(found: Iterable[Combined], names: Names) -> Iterator[list[Cell]]:
    """Return the rows of a board made of several: rank, name, total, a number of each board."""
    for one in found:
        yield [one.rank, names[one.competitor], one.total, *one.parts]
