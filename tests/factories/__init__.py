"""Keyword-only functions that build one valid row each. Every default is the boring case."""

from tests.factories.accounts import make_user
from tests.factories.problems import make_problem
from tests.factories.submissions import make_submission
from tests.factories.teams import make_team

__all__ = ["make_problem", "make_submission", "make_team", "make_user"]
