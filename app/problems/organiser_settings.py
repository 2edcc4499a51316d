"""The settings an organiser changes by name, without a new revision."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.times import ALLOWED_TIMES, parse_time, wall_clock
from app.problems.board_rules import (
    DIVISION_LENGTH,
    LONGEST_FREEZE_H,
    MOST_CHOICES,
    MOST_DIVISIONS,
    BoardRules,
    Counts,
    Ladder,
    Refresh,
    VisibleTo,
)
from app.problems.errors import (
    BoardMissingError,
    LadderOnBError,
    SettingValueError,
    StageTimesError,
    UnknownSettingError,
)
from app.problems.models import Board, Problem, TieRule
from scoring.spec import COLUMN_KEY

Changed = tuple[str, str]
"""What the setting said before and what it says now."""

_YES: Final = frozenset({"true", "yes", "1", "on"})
_NO: Final = frozenset({"false", "no", "0", "off"})
_NEVER: Final = frozenset({"", "none", "never"})
_LADDER_OF_B: Final = frozenset({"b.ladder", "b.ladder_step"})
_STEPS: Final = (1e-9, 1e9)
_MOST_SUBMISSIONS: Final = 10_000
_LARGEST_TEAM: Final = 1_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: how it is read from text, and how it is written back."""

    show: Callable[[Problem], str]
    apply: Callable[[Problem, str, datetime], None]
    """Raises SettingValueError for a value that is not allowed."""


Show = Callable[[BoardRules], str]
_COLUMNS: Final = "keys of leaderboard columns that do not rank, with commas between them"


def change(problem: Problem, values: Mapping[str, str], *, now: datetime) -> dict[str, Changed]:
    """Set settings from text; return what each said before and says now.

    Stage times are checked together at the end: both ends of a stage may move at once. After an
    error the problem may be half changed; the caller's transaction must not commit.

    Raises:
        UnknownSettingError: no setting has this name.
        SettingValueError: a value is not allowed.
        BoardMissingError: a setting is of a board the problem does not have.
        LadderOnBError: board B never answers by the Ladder.
        StageTimesError: a stage would close before it opens.
    """
    changes = {}
    for name, value in values.items():
        if name in _LADDER_OF_B:
            raise LadderOnBError
        setting = SETTINGS.get(name)
        if setting is None:
            raise UnknownSettingError(name=name, allowed=", ".join(SETTINGS))
        before = setting.show(problem)
        setting.apply(problem, value.strip(), now)
        changes[name] = (before, setting.show(problem))
    for stage in problem.stages:
        if stage.opens_at and stage.closes_at and stage.opens_at >= stage.closes_at:
            raise StageTimesError(board=stage.key.value)
    return changes


def show_settings(problem: Problem) -> Mapping[str, str]:
    """Return every setting of a problem as text that `change` reads back."""
    boards = {stage.key.lower() for stage in problem.stages}
    return {
        name: setting.show(problem)
        for name, setting in SETTINGS.items()
        if "." not in name or name.partition(".")[0] in boards
    }


def _read_whole(name: str, value: str, lowest: int, highest: int) -> int:
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else -1  # noqa: PLR2004 — digits of the largest int of SQL
    if not lowest <= number <= highest:
        raise SettingValueError(name=name, value=value, allowed=f"{lowest} – {highest}")
    return number


def _set_submissions_per_day(problem: Problem, value: str, now: datetime) -> None:
    del now
    problem.submissions_per_day = _read_whole("submissions_per_day", value, 0, _MOST_SUBMISSIONS)


def _set_team_size(problem: Problem, value: str, now: datetime) -> None:
    del now
    problem.team_size = _read_whole("team_size", value, 1, _LARGEST_TEAM)


def _set_tie_rule(problem: Problem, value: str, now: datetime) -> None:
    del now
    try:
        problem.tie_rule = TieRule(value)
    except ValueError as error:
        allowed = ", ".join(TieRule)
        raise SettingValueError(name="tie_rule", value=value, allowed=allowed) from error


def _board_rule(field: str, read: Callable[[str, str], object], show: Show) -> Setting:
    """A rule of the boards: kept with the others in one value, so that a new one needs no column.

    `read` takes the name and the text.
    """

    def apply(problem: Problem, value: str, now: datetime) -> None:
        del now
        problem.board_rules = {
            **problem.board_rules,
            **BoardRules.model_validate({field: read(field, value)}).model_dump(
                mode="json", include={field}
            ),
        }

    return Setting(lambda problem: show(problem.rules), apply)


def _choice_of(
    kind: type[Counts] | type[Refresh] | type[VisibleTo] | type[Ladder],
) -> Callable[[str, str], object]:
    def read(name: str, value: str) -> object:
        if value not in set(kind):
            raise SettingValueError(name=name, value=value, allowed=", ".join(kind))
        return value

    return read


def _read_flag(name: str, value: str) -> bool:
    if value.lower() not in _YES | _NO:
        raise SettingValueError(name=name, value=value, allowed="true, false")
    return value.lower() in _YES


def _read_freeze(name: str, value: str) -> int:
    return _read_whole(name, value, 0, LONGEST_FREEZE_H)


def _read_choices(name: str, value: str) -> int:
    return _read_whole(name, value, 0, MOST_CHOICES)


def _read_step(name: str, value: str) -> float:
    lowest, highest = _STEPS
    try:
        step = float(value or "0")
    except ValueError:
        step = -1.0
    if step and not lowest <= step <= highest:
        raise SettingValueError(name=name, value=value, allowed=f"{lowest:g} – {highest:g}")
    return step


def _read_divisions(name: str, value: str) -> list[str]:
    found = list(dict.fromkeys(part.strip() for part in re.split("[,，、]", value) if part.strip()))
    fits = all(part.isprintable() and len(part) <= DIVISION_LENGTH for part in found)
    if not fits or len(found) > MOST_DIVISIONS:
        allowed = f"<= {MOST_DIVISIONS}, <= {DIVISION_LENGTH} A-Z"
        raise SettingValueError(name=name, value=value, allowed=allowed)
    return found


def _read_columns(name: str, value: str) -> list[str]:
    keys = [part.strip() for part in value.split(",") if part.strip()]
    if not all(re.fullmatch(COLUMN_KEY, key) for key in keys):
        raise SettingValueError(name=name, value=value, allowed=_COLUMNS)
    return sorted(set(keys))


def _set_withdrawn(problem: Problem, value: str, now: datetime) -> None:
    if value.lower() not in _YES | _NO:
        raise SettingValueError(name="withdrawn", value=value, allowed="true, false")
    if value.lower() in _NO:
        problem.withdrawn_at = None
    elif problem.withdrawn_at is None:
        problem.withdrawn_at = now


def _stage_time(board: Board, field: str) -> Setting:
    name = f"{board.lower()}.{field}"

    def show(problem: Problem) -> str:
        stage = problem.stage(board)
        return "" if stage is None else wall_clock(getattr(stage, field))

    def apply(problem: Problem, value: str, now: datetime) -> None:
        stage = problem.stage(board)
        if stage is None:
            raise BoardMissingError(board=board.value)
        setattr(stage, field, _read_instant(name, value, now))

    return Setting(show, apply)


def _read_instant(name: str, value: str, now: datetime) -> datetime | None:
    if value.lower() in _NEVER:
        return None
    if value.lower() == "now":
        return now
    try:
        return parse_time(value)
    except (ValueError, OverflowError) as error:
        allowed = f"{ALLOWED_TIMES}, now, never"
        raise SettingValueError(name=name, value=value, allowed=allowed) from error


SETTINGS: Final[Mapping[str, Setting]] = {
    "submissions_per_day": Setting(lambda p: str(p.submissions_per_day), _set_submissions_per_day),
    "team_size": Setting(lambda p: str(p.team_size), _set_team_size),
    "tie_rule": Setting(lambda p: p.tie_rule.value, _set_tie_rule),
    "counts": _board_rule("counts", _choice_of(Counts), lambda rules: rules.counts.value),
    "choices": _board_rule("choices", _read_choices, lambda rules: str(rules.choices)),
    "divisions": _board_rule(
        "divisions", _read_divisions, lambda rules: ", ".join(rules.divisions)
    ),
    "tie_columns": _board_rule(
        "tie_columns", _read_flag, lambda rules: "true" if rules.tie_columns else "false"
    ),
    "hidden_columns": _board_rule(
        "hidden_columns", _read_columns, lambda rules: ", ".join(rules.hidden_columns)
    ),
    "refresh": _board_rule("refresh", _choice_of(Refresh), lambda rules: rules.refresh.value),
    "freeze_hours": _board_rule(
        "freeze_hours", _read_freeze, lambda rules: str(rules.freeze_hours)
    ),
    "visible_to": _board_rule(
        "visible_to", _choice_of(VisibleTo), lambda rules: rules.visible_to.value
    ),
    "ladder": _board_rule("ladder", _choice_of(Ladder), lambda rules: rules.ladder.value),
    "ladder_step": _board_rule(
        "ladder_step", _read_step, lambda rules: f"{rules.ladder_step!r}".removesuffix(".0")
    ),
    "merging": _board_rule(
        "merging", _read_flag, lambda rules: "true" if rules.merging else "false"
    ),
    "merge_closes_hours": _board_rule(
        "merge_closes_hours", _read_freeze, lambda rules: str(rules.merge_closes_hours)
    ),
    "explain_a": _board_rule(
        "explain_a", _read_flag, lambda rules: "true" if rules.explain_a else "false"
    ),
    "a.opens_at": _stage_time(Board.A, "opens_at"),
    "a.closes_at": _stage_time(Board.A, "closes_at"),
    "b.opens_at": _stage_time(Board.B, "opens_at"),
    "b.closes_at": _stage_time(Board.B, "closes_at"),
    "withdrawn": Setting(lambda p: "false" if p.withdrawn_at is None else "true", _set_withdrawn),
}
