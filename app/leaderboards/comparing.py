"""How likely one team of a board is better than another, for whoever sees both."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.blobs import BlobStore
from app.leaderboards.errors import NotComparableError
from app.leaderboards.queries import Row, find_team_row
from app.leaderboards.reading import Opened
from app.statistics.queries import find_chance


@dataclass(frozen=True, slots=True)
class Compared:
    """Two teams' rows, and how likely the first would do better on other items like these."""

    rows: Sequence[Row]
    chance: float


def compare_teams(opened: Opened, blobs: BlobStore, teams: tuple[int, int]) -> Compared:
    """Compare two teams on a board that was opened.

    Raises:
        NotComparableError: the person does not see both rows, the board shows an earlier state,
            one of the two has no interval, or the board
            answers by the Ladder and the person is not staff.
    """
    view = opened.view
    if view is None or not opened.sees_all or view.until is not None:
        raise NotComparableError
    if view.has_ladder and not view.is_raw:
        raise NotComparableError
    rows = [row for team in teams if (row := find_team_row(opened.session, view, team))]
    if len(rows) < len(teams):
        raise NotComparableError
    pair = (rows[0].evaluation_id, rows[1].evaluation_id)
    chance = find_chance(opened.session, blobs, opened.problem.id, view.board, pair)
    if chance is None:
        raise NotComparableError
    return Compared(rows, chance)
