"""How an overall board is counted in words, and its numbers as they are written."""

from typing import Final

from flask_babel import gettext as _

from app.core.i18n import N_
from app.overall.models import Basis, OverallBoard
from scoring.aggregate import Method

METHODS: Final = {
    Method.MEAN_RANK: N_("mean rank"),
    Method.POINTS: N_("sum of normalised points"),
    Method.BORDA: N_("Borda count"),
}
_RULES: Final = {
    Method.MEAN_RANK: N_(
        "The mean of a team’s ranks over all problems decides; lower is better. Whoever is missing "
        "from a board counts there as one rank behind its last team."
    ),
    Method.POINTS: N_(
        "On each problem the best score gives 1 point, the worst 0, and what lies between its "
        "share; the sum decides. Whoever is missing from a board has 0 there."
    ),
    Method.BORDA: N_(
        "On each problem the last team has one point and every rank above it one more; the sum "
        "decides. Whoever is missing from a board has 0 there."
    ),
}
_BASES: Final = {
    Basis.A: N_("Board A of each problem is counted."),
    Basis.FINAL: N_(
        "Board B of each problem is counted once it is revealed, board A until then; nothing of a "
        "hidden board B goes into this one."
    ),
}
BASES: Final = {
    Basis.FINAL: N_("B once it is revealed, A until then"),
    Basis.A: N_("always A"),
}
_DECIMALS: Final = {Method.MEAN_RANK: 2, Method.POINTS: 4, Method.BORDA: 0}


def state_rules(overall: OverallBoard) -> list[str]:
    """Return how the board is counted, one or two sentences each, in the request's language."""
    return [
        _(_RULES[overall.method]),
        _(_BASES[overall.basis]),
        _("Teams with equal totals share a rank."),
        _(
            "Teams are of one problem each: those of one captain are one competitor here, named "
            "after the first of them."
        ),
        _("Disqualified teams and the organisers’ entries are left out."),
    ]


def decimals_of(method: Method) -> int:
    """Return how many decimals totals are shown with."""
    return _DECIMALS[method]
