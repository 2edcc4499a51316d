"""Forms of acts on many submissions: which ones, what is done to them, and why."""

from datetime import date, timedelta
from typing import Final

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Form,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from app.bulk.choosing import Choice
from app.bulk.models import BulkKind
from app.bulk.operations import LONGEST_REASON
from app.core.i18n import N_
from app.evaluations.forms import KINDS
from app.evaluations.models import State, Verdict
from app.problems.models import Board
from app.submissions.models import Kind
from app.ui.words import STATES, VERDICTS

ACTS: Final = {
    BulkKind.RERUN: N_("Evaluate again: code runs again"),
    BulkKind.RESCORE: N_("Score again: kept answers are scored, code does not run"),
    BulkKind.RETRACT: N_("Retract: off every board, for good"),
}
_LONGEST_NAME: Final = 64


class ChoiceForm(Form):  # type: ignore[misc]  # wtforms is untyped
    """Which submissions; read from the address, and sent along with the plan."""

    problem = SelectField(_l("Problem"), choices=[], validate_choice=False)
    state = SelectField(
        _l("State"),
        choices=[
            SelectChoice("", _l("all")),
            *(SelectChoice(one.value, _l(STATES[one])) for one in State),
        ],
        validate_choice=False,
    )
    verdict = SelectField(
        _l("Reason of failure"),
        choices=[
            SelectChoice("", _l("all")),
            *(SelectChoice(one.value, _l(VERDICTS[one].name)) for one in Verdict),
        ],
        validate_choice=False,
    )
    board = SelectField(
        _l("Board"),
        choices=[SelectChoice("", _l("its own")), *(SelectChoice(one.value) for one in Board)],
        validate_choice=False,
    )
    kind = SelectField(
        _l("Kind"),
        choices=[
            SelectChoice("", _l("all")),
            *(SelectChoice(one.value, _l(KINDS[one])) for one in Kind),
        ],
        validate_choice=False,
    )
    team = StringField(_l("Team"), filters=[lambda text: (text or "").strip()[:_LONGEST_NAME]])
    since = DateField(_l("Handed in from"), validators=[Optional()])
    until = DateField(_l("to"), validators=[Optional()])
    baselines = BooleanField(_l("Baselines too"))

    def choice(self) -> Choice:
        """Return what is asked for; what is no word of ours does not narrow."""
        state, verdict = self.state.data, self.verdict.data
        board, kind = self.board.data, self.kind.data
        return Choice(
            state=State(state) if state in set(State) else None,
            verdict=Verdict(verdict) if verdict in set(Verdict) else None,
            board=Board(board) if board in set(Board) else None,
            kind=Kind(kind) if kind in set(Kind) else None,
            team=self.team.data or "",
            since=_possible(self.since.data),
            until=_possible(self.until.data),
            baselines=bool(self.baselines.data),
        )


class PlanForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What is done to them, and why."""

    act = RadioField(
        _l("What is done to each of them?"),
        choices=[SelectChoice(one.value, _l(text)) for one, text in ACTS.items()],
        validators=[InputRequired()],
    )
    reason = TextAreaField(_l("Reason"), validators=[DataRequired(), Length(max=LONGEST_REASON)])


def _possible(day: date | None) -> date | None:
    """Return a day that is an instant in every zone and has a next one; others do not narrow."""
    first, last = date(1970, 1, 2), date.max - timedelta(days=2)
    return day if day is not None and first <= day <= last else None
