"""Forms of problems. What is allowed is decided by the operations; forms only carry text."""

from typing import Final, TypeVar

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from app.core.i18n import N_
from app.problems.board_rules import Counts, Ladder, Refresh, VisibleTo
from app.problems.facets import PRIZES, Facets
from app.problems.models import Area, Difficulty, StageState, TieRule
from app.problems.queries import ProblemFilter, Sort
from app.problems.revising import Words
from app.ui.words import AREAS, STATES
from problems.spec import Kind

T = TypeVar("T", Area, Kind, StageState, Difficulty, Sort)
KINDS: Final = {Kind.PREDICTIONS: N_("predictions"), Kind.CODE: N_("code")}
DIFFICULTIES: Final = {
    Difficulty.INTRODUCTORY: N_("introductory"),
    Difficulty.INTERMEDIATE: N_("intermediate"),
    Difficulty.ADVANCED: N_("advanced"),
}
SORTS: Final = {
    Sort.NEWEST: N_("newest first"),
    Sort.CLOSING: N_("closing first"),
    Sort.PRIZE: N_("highest prize"),
    Sort.TEAMS: N_("most teams"),
    Sort.TITLE: N_("title"),
}
_LANGUAGES: Final = (("zh", "zh-Hans"), ("en", "en"))
_PRIZES: Final = frozenset(str(least) for least in PRIZES)
_ALL: Final = SelectChoice("", _l("all"))


class HallForm(Form):  # type: ignore[misc]  # wtforms is untyped
    """How the hall is narrowed; read from the address, so it can be shared."""

    q = StringField(_l("Search"), validators=[Length(max=200)])
    area = SelectField(
        _l("Area"), choices=[_ALL, *(SelectChoice(area.value, _l(AREAS[area])) for area in Area)]
    )
    kind = SelectField(
        _l("Kind of submission"),
        choices=[_ALL, *(SelectChoice(kind.value, _l(word)) for kind, word in KINDS.items())],
    )
    state = SelectField(
        _l("State"),
        choices=[_ALL, *(SelectChoice(state.value, _l(STATES[state])) for state in StageState)],
    )

    difficulty = SelectField(
        _l("Difficulty"),
        choices=[_ALL, *(SelectChoice(one.value, _l(DIFFICULTIES[one])) for one in Difficulty)],
    )
    prize = SelectField(
        _l("Prize"),
        choices=[
            _ALL,
            SelectChoice("1", _l("with a prize")),
            SelectChoice("10000", _l("10,000 yuan or more")),
            SelectChoice("100000", _l("100,000 yuan or more")),
        ],
    )
    sort = SelectField(
        _l("Order"), choices=[SelectChoice(one.value, _l(SORTS[one])) for one in Sort]
    )

    def __init__(self, arguments: "MultiDict[str, str]") -> None:
        super().__init__(MultiDict(arguments))

    def show_counts(self, facets: Facets) -> None:
        """Write beside each choice how many problems it would leave."""
        counted = (
            (self.area, facets.area),
            (self.kind, facets.kind),
            (self.state, facets.state),
            (self.difficulty, facets.difficulty),
            (self.prize, facets.prize),
        )
        for item, counts in counted:
            item.choices = [
                SelectChoice(one.value, f"{one.label} ({counts.get(one.value, 0)})")
                if one.value
                else one
                for one in item.choices
            ]

    @property
    def order(self) -> Sort:
        """The order asked for; an unknown one is the newest first."""
        return _member(Sort, self.sort.data) or Sort.NEWEST

    def as_filter(self) -> ProblemFilter:
        """Return the filter; a value nobody knows narrows nothing."""
        return ProblemFilter(
            area=_member(Area, self.area.data),
            kind=_member(Kind, self.kind.data),
            state=_member(StageState, self.state.data),
            text=(self.q.data or "")[:200],
            difficulty=_member(Difficulty, self.difficulty.data),
            min_prize=int(self.prize.data) if self.prize.data in _PRIZES else 0,
        )


def _member(kind: type[T], text: str | None) -> T | None:
    return next((member for member in kind if member.value == text), None)


class SettingsForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The organiser's settings of a problem, as text; `setting_of` says which field is which."""

    submissions_per_day = StringField(
        _l("Submissions per team and day"), validators=[InputRequired()]
    )
    team_size = StringField(_l("Largest team"), validators=[InputRequired()])
    tie_rule = SelectField(
        _l("Equal scores"),
        choices=[
            SelectChoice(TieRule.EARLIER.value, _l("the earlier submission is ahead")),
            SelectChoice(TieRule.SHARED.value, _l("they share a rank")),
        ],
    )
    counts = SelectField(
        _l("What counts on board A"),
        choices=[
            SelectChoice(Counts.BEST.value, _l("a team’s best submission")),
            SelectChoice(Counts.LAST.value, _l("a team’s last submission")),
            SelectChoice(Counts.CHOSEN.value, _l("what the team chose, else its best")),
        ],
    )
    choices = StringField(_l("Submissions a team may choose for board B; 0: what counts on A"))
    divisions = StringField(_l("Divisions of teams (names, with commas)"))
    tie_columns = SelectField(
        _l("Equal scores in the column that ranks"),
        choices=[
            SelectChoice("false", _l("are equal")),
            SelectChoice("true", _l("are decided by the next columns first")),
        ],
    )
    hidden_columns = StringField(_l("Hidden columns (keys, with commas)"))
    refresh = SelectField(
        _l("Board A is refreshed"),
        choices=[
            SelectChoice(Refresh.LIVE.value, _l("at once")),
            SelectChoice(Refresh.HOURLY.value, _l("every full hour")),
            SelectChoice(Refresh.DAILY.value, _l("every midnight in Beijing")),
        ],
    )
    freeze_hours = StringField(_l("Hours before the end of A when board A stands still"))
    merging = SelectField(
        _l("Two teams may become one"),
        choices=[
            SelectChoice("true", _l("where both captains want it")),
            SelectChoice("false", _l("never allowed")),
        ],
    )
    merge_closes_hours = StringField(_l("Hours before the end of A when teams merge no more"))
    explain_a = SelectField(
        _l("Confusions and residuals on board A"),
        choices=[
            SelectChoice("false", _l("are for staff alone: they tell of the truth")),
            SelectChoice("true", _l("are shown to the team as well")),
        ],
    )
    visible_to = SelectField(
        _l("Board A is seen by"),
        choices=[
            SelectChoice(VisibleTo.ALL.value, _l("everybody")),
            SelectChoice(VisibleTo.OWN.value, _l("each team: its own row")),
        ],
    )
    ladder = SelectField(
        _l("The Ladder on board A, against fitting the hidden answers by trying"),
        choices=[
            SelectChoice(Ladder.OFF.value, _l("off: every score is told")),
            SelectChoice(Ladder.STEP.value, _l("told once better by more than the step below")),
            SelectChoice(
                Ladder.PARAMETER_FREE.value, _l("told once better by more than chance makes it")
            ),
        ],
    )
    ladder_step = StringField(_l("The Ladder’s step, in the column that ranks; 0: none"))
    a_opens_at = StringField(_l("Stage A opens"))
    a_closes_at = StringField(_l("Stage A closes"))
    b_opens_at = StringField(_l("Stage B opens"))
    b_closes_at = StringField(_l("Stage B closes"))


def setting_of(field: str) -> str:
    """Return the setting a field of `SettingsForm` stands for: `a_opens_at` is `a.opens_at`."""
    return f"{field[0]}.{field[2:]}" if field[:2] in {"a_", "b_"} else field


def field_of(setting: str) -> str:
    """Return the field of `SettingsForm` that stands for a setting."""
    return setting.replace(".", "_")


class PackForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The upload of a pack."""

    pack = FileField(_l("Problem pack (zip)"), validators=[FileRequired()])
    contest = SelectField(_l("Contest of a new problem"), validate_choice=False)
    is_draft = BooleanField(
        _l("Keep a new problem off the site until I publish it there"), default=True
    )
    needs_no_pool = BooleanField(
        _l("Publish it even if no worker has what it needs: nothing runs until one does")
    )


class CloneForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a clone is called and where it goes; the choices are filled in by the view."""

    slug = StringField(_l("Name in addresses"), validators=[InputRequired()])
    contest = SelectField(_l("Contest"), validators=[InputRequired()])


class StatementForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The words of a problem as they are edited; `base` is the revision the editor began with.

    What is allowed is decided by `revising`; the validators only tell the browser what is needed.
    """

    base = HiddenField()
    do = StringField()
    title_zh = StringField(_l("Title in Chinese"), validators=[InputRequired()])
    title_en = StringField(_l("Title in English"), validators=[InputRequired()])
    summary_zh = StringField(_l("Summary in Chinese"), validators=[InputRequired()])
    summary_en = StringField(_l("Summary in English"), validators=[InputRequired()])
    statement_zh = TextAreaField(
        _l("Statement in Chinese (Markdown)"), validators=[InputRequired()]
    )
    statement_en = TextAreaField(
        _l("Statement in English (Markdown)"), validators=[InputRequired()]
    )

    @classmethod
    def of(cls, words: Words, base: int) -> "StatementForm":
        """Return the form filled with words."""
        texts = {
            f"{name}_{short}": text[locale]
            for name, text in (
                ("title", words.title),
                ("summary", words.summary),
                ("statement", words.statements),
            )
            for short, locale in _LANGUAGES
        }
        return cls(formdata=None, data={**texts, "base": base})

    @property
    def base_number(self) -> int:
        """The revision the editor began with; 0 where that is no number."""
        text = self.base.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004 — digits of the largest int of SQL

    def as_words(self) -> Words:
        """Return what was typed."""

        def read(name: str) -> dict[str, str]:
            return {locale: self[f"{name}_{short}"].data or "" for short, locale in _LANGUAGES}

        return Words(read("title"), read("summary"), read("statement"))
