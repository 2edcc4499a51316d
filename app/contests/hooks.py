"""What later features contribute to the pages of contests, given by the composition root.

Contests may not import problems; the application hands their functions over with
`attach_contest_hooks`. Without them a contest has no problems.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from flask import Flask, current_app  # noqa: TID251 — the hooks belong to the application
from sqlalchemy.orm import Session

from app.contests.models import Contest
from app.core.audit import Actor

_KEY: Final = "baijing-contest-hooks"


@dataclass(frozen=True, slots=True)
class ContestProblem:
    """One problem of a contest, as the contest's pages name it. `title` is by language."""

    slug: str
    title: Mapping[str, str]
    area: str
    state: str
    """A stage's state word: that of the problem as a whole."""
    is_public: bool
    is_archived: bool
    is_signed_off: bool
    """Whether a judge has signed one of its boards off: its stages stand still then."""


ProblemsOf = Callable[[Session, Contest, datetime], Sequence[ContestProblem]]
"""Returns the problems of a contest by title, those that are not on the site too."""
ChangeProblems = Callable[[Session, Contest, Actor, datetime], int]
"""Does one thing to all problems of a contest that it concerns; returns how many."""


def _no_problems(session: Session, contest: Contest, now: datetime) -> Sequence[ContestProblem]:
    del session, contest, now
    return ()


def _change_none(session: Session, contest: Contest, actor: Actor, now: datetime) -> int:
    del session, contest, actor, now
    return 0


@dataclass(frozen=True, slots=True)
class ContestHooks:
    """The contributions."""

    problems_of: ProblemsOf = field(default=_no_problems)
    archive_problems: ChangeProblems = field(default=_change_none)
    set_stages: ChangeProblems = field(default=_change_none)


def attach_contest_hooks(app: Flask, hooks: ContestHooks) -> None:
    """Give an application the contributions of later features."""
    app.extensions[_KEY] = hooks


def contest_hooks() -> ContestHooks:
    """Return the contributions to the current application."""
    hooks = current_app.extensions.get(_KEY, ContestHooks())
    assert isinstance(hooks, ContestHooks)  # noqa: S101 — tells the type checker what was put there
    return hooks
