"""What pages of re-scores show beyond rows: a drafted announcement, ranks drawn as lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.contests.operations import LONGEST_TITLE
from app.core.api import translate
from app.core.i18n import N_, Locale, choose_text
from app.problems.models import Problem
from app.rescoring.models import Rescore, RescoreMove
from app.rescoring.queries import MoveCounts, Progress

_TITLE: Final = N_("“%(title)s” was scored again")
_TEXT: Final = N_(
    "Everything that was handed in for “%(title)s” was scored again.\n\n"
    "Why: %(reason)s\n\n"
    "%(scored)s evaluations were scored anew; %(moved)s teams change their rank on board A. The "
    "old scores stay in the history of each submission."
)
_STEP: Final = 22
_MARGIN: Final = 14
_LONGEST_NAME: Final = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """An announcement for the organiser to edit. It tells nothing of board B."""

    title: str
    body: str
    title_en: str
    body_en: str


def draft(rescore: Rescore, progress: Progress, on_a: MoveCounts) -> Draft:
    """Return what an organiser would have to write anyhow."""
    problem = rescore.problem
    facts = {
        "reason": rescore.reason,
        "scored": progress.total,
        "moved": on_a.up + on_a.down + on_a.comes + on_a.goes,
    }
    texts = []
    for locale in (Locale.ZH_HANS, Locale.EN):
        named = {"title": _name(problem, locale)}
        texts.append(translate(_TITLE, locale.value, named)[:LONGEST_TITLE])
        texts.append(translate(_TEXT, locale.value, facts | named))
    return Draft(*texts)


def _name(problem: Problem, locale: Locale) -> str:
    return choose_text(problem.title, locale)


@dataclass(frozen=True, slots=True)
class Slope:
    """One team's way from its old rank to its new one, in the drawing's units."""

    move: RescoreMove
    name: str
    old_y: int
    new_y: int

    @property
    def way(self) -> str:
        """Whether it climbs: `up`, `down` or `level`."""
        climb = self.move.climb or 0
        return "up" if climb > 0 else "down" if climb < 0 else "level"


@dataclass(frozen=True, slots=True)
class Slopes:
    """The drawing of a page of moves; `height` is its units from top to bottom."""

    lines: Sequence[Slope]
    height: int


def draw_slopes(moves: Sequence[RescoreMove]) -> Slopes:
    """Return the ways of those that are on the board before and after, in order on both sides."""
    both = [move for move in moves if move.climb is not None]
    old = {move.team_id: place for place, move in enumerate(sorted(both, key=_old_order))}
    lines = [
        Slope(move, _short(move.team.name), _y(old[move.team_id]), _y(place))
        for place, move in enumerate(both)
    ]
    return Slopes(lines, 2 * _MARGIN + _STEP * max(0, len(both) - 1))


def _old_order(move: RescoreMove) -> tuple[int, int]:
    return move.old_rank or 0, move.team_id


def _y(place: int) -> int:
    return _MARGIN + _STEP * place


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
