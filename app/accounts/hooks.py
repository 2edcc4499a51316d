"""What later features contribute to the pages of people, given by the composition root.

Accounts may not import teams; the application hands their functions over with
`attach_account_hooks`. Without them a person is in no team.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from flask import Flask, current_app  # noqa: TID251 — the hooks belong to the application
from sqlalchemy.orm import Session

from app.accounts.models import User

_KEY: Final = "baijing-account-hooks"


@dataclass(frozen=True, slots=True)
class TeamOf:
    """A team somebody is in, as the page of that person names it. `problem` is by language."""

    id: int
    name: str
    problem: Mapping[str, str]


TeamsOf = Callable[[Session, User], Sequence[TeamOf]]
"""Returns the teams a person is in."""


def _no_teams(session: Session, user: User) -> Sequence[TeamOf]:
    del session, user
    return ()


@dataclass(frozen=True, slots=True)
class AccountHooks:
    """The contributions."""

    teams_of: TeamsOf = field(default=_no_teams)


def attach_account_hooks(app: Flask, hooks: AccountHooks) -> None:
    """Give an application the contributions of later features."""
    app.extensions[_KEY] = hooks


def account_hooks() -> AccountHooks:
    """Return the contributions to the current application."""
    hooks = current_app.extensions.get(_KEY, AccountHooks())
    assert isinstance(hooks, AccountHooks)  # noqa: S101 — tells the type checker what was put there
    return hooks
