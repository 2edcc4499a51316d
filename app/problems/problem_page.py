"""What the page of a problem shows to somebody at a moment: for everybody, and for a preview."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.queries import list_announcements
from app.core.current import platform
from app.core.i18n import choose_markdown
from app.core.pagination import PageRequest
from app.problems import policy, queries
from app.problems.forms import DIFFICULTIES
from app.problems.hooks import Quota, problem_hooks
from app.problems.models import Problem
from app.problems.page_models import next_closing, open_board, page_parts, read_spec
from app.problems.queries import problem_state
from app.problems.sealed_seeds import open_seed
from app.problems.shell import fetch_command
from app.ui.i18n import current_locale


def problem_page(
    session: Session, problem: Problem, actor: User | None, now: datetime
) -> dict[str, Any]:
    """Return what `problems/show.html` takes."""
    revision = queries.get_current_revision(session, problem)
    accepted = actor is not None and queries.has_accepted_rules(session, actor, problem)
    news = list_announcements(session, PageRequest(per_page=3), problem_slug=problem.slug)
    statement = choose_markdown(revision.statements, current_locale())
    revealed = revision.sealed_seed if revision.seed_is_public else None
    return {
        "problem": problem,
        "revision": revision,
        "spec": read_spec(revision),
        "difficulties": DIFFICULTIES,
        "parts": page_parts(statement, {"files": _("Data files"), "schedule": _("Schedule")}),
        "files": queries.list_data_files(session, problem, revision, actor, now),
        "fetch": fetch_command,
        "must_accept": actor is not None and policy.needs_rules(actor, accepted),
        "quota": _quota(session, problem, actor, now),
        "news": news.items,
        "now": now,
        "state": problem_state(problem, now),
        "open_board": open_board(problem, now),
        "closes_at": next_closing(problem, now),
        "seed": None if revealed is None else open_seed(platform().seal, revealed),
    }


def _quota(session: Session, problem: Problem, actor: User | None, now: datetime) -> Quota | None:
    quota_of = problem_hooks().quota_of
    if quota_of is None or actor is None or actor.is_staff:
        return None
    return quota_of(session, problem, actor, now)
