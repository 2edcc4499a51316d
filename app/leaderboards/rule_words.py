"""The rules of a board in words, as its page states them."""

from collections.abc import Sequence
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.i18n import N_
from app.problems.board_rules import Counts, Ladder, Refresh, VisibleTo
from app.problems.models import Board, Partition, TieRule
from app.standings.rules import Rules
from app.ui.filters import localise
from scoring import BoardColumn

_COUNTS: Final = {
    Counts.BEST: N_(
        "On board A a team’s best scored submission counts; of two equal ones the earlier."
    ),
    Counts.LAST: N_("On board A a team’s last scored submission counts."),
    Counts.CHOSEN: N_(
        "On board A the submission that the team chose counts; without a choice its best one."
    ),
}
_REFRESH: Final = {
    Refresh.HOURLY: N_("Board A takes in new scores every full hour."),
    Refresh.DAILY: N_("Board A takes in new scores every midnight in Beijing."),
}


def state_rules(rules: Rules) -> list[str]:
    """Return the rules in force, one sentence or two each, in the language of the request."""
    stated = [_(_COUNTS[rules.board.counts])]
    if rules.has_b:
        stated += _on_b(rules)
    stated += _ladder(rules)
    stated += _ties(rules)
    if rules.board.refresh in _REFRESH:
        stated.append(_(_REFRESH[rules.board.refresh]))
    if rules.board.freeze_hours:
        stated.append(_freeze(rules))
    if rules.board.visible_to is VisibleTo.OWN:
        stated.append(_own(rules))
    if rules.board.divisions:
        names = _("; ").join(rules.board.divisions)
        stated.append(_("Teams are in divisions: %(names)s; each has its own ranks.", names=names))
    return stated


def _on_b(rules: Rules) -> list[str]:
    if rules.scoring.partition == Partition.SETS:
        first = [_("On board B a team’s latest predictions for B count before anything else.")]
        if not rules.board.choices:
            return [
                _(
                    "On board B a team’s latest predictions for B count; without any, the run on B "
                    "of the code that counts on A."
                )
            ]
        return [*first, _choices(rules)]
    if rules.board.choices:
        return [_choices(rules)]
    return [
        _(
            "On board B the submission that counts on board A counts, with its score on the hidden "
            "data."
        )
    ]


def _choices(rules: Rules) -> str:
    stated: str = ngettext(
        "A team chooses one submission for board B; without a choice its best one on A stands for "
        "it.",
        "A team chooses up to %(num)s submissions for board B, of which the best on B counts; "
        "without a choice its %(num)s best on A stand for them.",
        rules.board.choices,
    )
    return stated


def _ladder(rules: Rules) -> list[str]:
    if not rules.board.has_ladder_on(Board.A):
        return []
    if rules.board.ladder is Ladder.STEP:
        step = f"{rules.board.ladder_step:g}"
        first = _(
            "Board A answers by the Ladder: a team is told a new score only when it is better "
            "than its last one by more than %(step)s, rounded to that; otherwise it sees its "
            "last one again.",
            step=step,
        )
    else:
        first = _(
            "Board A answers by the Ladder: a team is told a new score only when it is better "
            "than its last one by more than chance makes it; otherwise it sees its last one again."
        )
    return [
        first,
        _(
            "A team’s submissions are answered in the order in which it made them. So nobody can "
            "fit the hidden answers by trying."
        ),
    ]


def _ties(rules: Rules) -> list[str]:
    stated = []
    on_a, on_b = rules.ranking(Board.A)[1:], rules.ranking(Board.B)[1:]
    if on_a:
        names = _names(on_a)
        stated.append(_("Equal scores are decided by the next columns: %(names)s.", names=names))
    elif on_b and rules.has_b:
        names = _names(on_b)
        stated.append(
            _("On board B equal scores are decided by the next columns: %(names)s.", names=names)
        )
    if rules.tie_rule is TieRule.SHARED:
        stated.append(_("Teams with equal scores share a rank."))
    else:
        stated.append(_("Of two teams with equal scores the one that submitted earlier is first."))
    return stated


def _names(columns: Sequence[BoardColumn]) -> str:
    named: str = _("; ").join(
        localise(column.title) if column.title else column.key for column in columns
    )
    return named


def _freeze(rules: Rules) -> str:
    hours = rules.board.freeze_hours
    stated: str
    if rules.has_b:
        stated = ngettext(
            "In the last hour before stage A closes, and on until board B is revealed, board A "
            "stands still; each team sees its own new scores.",
            "In the last %(num)s hours before stage A closes, and on until board B is revealed, "
            "board A stands still; each team sees its own new scores.",
            hours,
        )
        return stated
    stated = ngettext(
        "In the last hour before it closes the board stands still; each team sees its own new "
        "scores.",
        "In the last %(num)s hours before it closes the board stands still; each team sees its own "
        "new scores.",
        hours,
    )
    return stated


def _own(rules: Rules) -> str:
    if rules.has_b:
        until: str = _(
            "Until board B is revealed each team sees its own row of board A and its rank."
        )
        return until
    always: str = _("Each team sees its own row and its rank.")
    return always
