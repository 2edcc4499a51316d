"""Forms of the judges' desk."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from app.judging.models import REASON_LENGTH
from app.reviews.models import NoteKind, Recommendation
from app.reviews.operations import LONGEST_NOTE


class NoteForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a judge writes about a submission."""

    kind = SelectField(
        _l("As"),
        choices=[
            SelectChoice(NoteKind.COMMENT.value, _l("Comment, for staff alone")),
            SelectChoice(NoteKind.FLAG.value, _l("Flag: has to be looked at")),
            SelectChoice(NoteKind.CLEARED.value, _l("The flag is done with")),
            SelectChoice(NoteKind.QUESTION.value, _l("Question to the team")),
        ],
        validators=[InputRequired()],
    )
    body = TextAreaField(_l("Text"), validators=[DataRequired(), Length(max=LONGEST_NOTE)])


class RecommendationForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a judge would have done about a submission."""

    recommendation = RadioField(
        _l("Recommendation"),
        choices=[
            SelectChoice(Recommendation.CONFIRM.value, _l("Confirm")),
            SelectChoice(Recommendation.RERUN.value, _l("Evaluate again")),
            SelectChoice(Recommendation.DISQUALIFY.value, _l("Disqualify")),
        ],
        validators=[InputRequired()],
    )
    body = TextAreaField(_l("Because"), validators=[Optional(), Length(max=LONGEST_NOTE)])


class AnswerForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A team's answer to the judges."""

    body = TextAreaField(_l("Your answer"), validators=[DataRequired(), Length(max=LONGEST_NOTE)])


class SignOffForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A judge's signature under the ranking whose digest the page showed."""

    ranking = HiddenField(validators=[InputRequired()])


class LiftForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Why a sign-off is lifted."""

    reason = TextAreaField(_l("Reason"), validators=[DataRequired(), Length(max=REASON_LENGTH)])
