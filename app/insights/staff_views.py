"""Where staff see how the contest goes, and organisers take tables away."""

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms.fields import SelectChoice

from app.accounts.identity import get_actor
from app.core.audit import record_audit
from app.core.clock import beijing_day
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.tables import TableFormat
from app.core.web import Access, access
from app.evaluations.list_queries import list_titles
from app.insights import policy, queries
from app.insights.charts import draw_days, draw_progress
from app.insights.errors import TableNotFoundError
from app.insights.forms import ExportForm
from app.insights.tables import RECORDS, STATISTICS, Asked
from app.problems.models import Problem
from app.problems.queries import get_problem
from app.ui.downloads import send_table
from app.ui.filters import localise

if TYPE_CHECKING:
    from datetime import date

blueprint = Blueprint("insights", __name__, template_folder="templates", url_prefix="/staff")

RANGES: Final = (30, 90, 365)
"""Days that a page may show, today included."""


@blueprint.get("/statistics")
@access(Access.STAFF)
def index() -> ResponseReturnValue:
    """Show how the whole contest goes."""
    asked = _asked(None)
    with platform().database.reading() as session:
        days = queries.list_daily(session, None, asked.since, asked.until)
        verdicts = queries.list_verdicts(session, None, asked.since)
        funnel = queries.get_funnel(session, None)
        lines = queries.list_problem_lines(session)
    return render_template(
        "insights/index.html",
        days=days,
        chart=draw_days(days),
        verdicts=verdicts,
        funnel=funnel,
        lines=lines,
        areas=queries.list_areas(lines),
        ranges=RANGES,
        length=_length(),
    )


@blueprint.get("/statistics/<slug>")
@access(Access.STAFF)
def show(slug: str) -> ResponseReturnValue:
    """Show how one problem goes."""
    with platform().database.reading() as session:
        problem = get_problem(session, slug)
        asked = _asked(problem)
        days = queries.list_daily(session, problem, asked.since, asked.until)
        verdicts = queries.list_verdicts(session, problem, asked.since)
        funnel = queries.get_funnel(session, problem)
        column = queries.map_columns(session, [problem])[problem.id]
        best = queries.list_progress(session, problem, column, asked.until)
        extremes = queries.map_extremes(session, {problem.id: column})
    baseline = extremes.get((problem.id, True))
    return render_template(
        "insights/show.html",
        problem=problem,
        days=days,
        chart=draw_days(days),
        verdicts=verdicts,
        funnel=funnel,
        column=column,
        best=best,
        baseline=baseline,
        progress=draw_progress(best, baseline, column.direction),
        ranges=RANGES,
        length=_length(),
    )


@blueprint.get("/statistics/tables/<name>.<kind>")
@access(Access.STAFF)
def table(name: str, kind: str) -> ResponseReturnValue:
    """Give a statistic as a file: `?problem=` narrows it, `?days=` says how far back."""
    found = STATISTICS.get(name)
    if found is None or kind not in set(TableFormat):
        raise TableNotFoundError
    with platform().database.reading() as session:
        asked = _asked(_find(session, request.args.get("problem")))
        heading = [_(one) for one in found.headings]
        return send_table(name, TableFormat(kind), heading, found.rows(session, asked))


@blueprint.get("/exports")
@access(Access.ORGANISER)
def exports() -> ResponseReturnValue:
    """Show which tables can be taken away."""
    return _exports(ExportForm(formdata=None))


@blueprint.post("/exports")
@access(Access.ORGANISER)
def export() -> ResponseReturnValue:
    """Give a table as a file, after the audit log has noted who takes what."""
    form, actor, port = ExportForm(), get_actor(), platform()
    if not policy.can_export_table(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        return _exports(form), HTTPStatus.UNPROCESSABLE_ENTITY
    name, now = form.table.data, port.clock.now()
    with port.database.transaction() as session:
        asked = _asked(_find(session, form.problem.data))
        slug = "" if asked.problem is None else asked.problem.slug
        subject = f"problem:{slug}" if slug else "site:tables"
        facts = {"table": name, "format": form.format.data}
        record_audit(session, actor.as_actor(), "table.export", subject, facts, now=now)
    file = "-".join(part for part in (name, slug, f"{beijing_day(now):%Y%m%d}") if part)
    heading = [_(one) for one in RECORDS[name].headings]
    with port.database.reading() as session:
        rows = RECORDS[name].rows(session, asked)
        return send_table(file, TableFormat(form.format.data), heading, rows)


def _exports(form: ExportForm) -> str:
    with platform().database.reading() as session:
        titles = list_titles(session)
    form.problem.choices = [
        SelectChoice("", _("all problems")),
        *(SelectChoice(one.slug, localise(one.title)) for one in titles),
    ]
    return render_template("insights/exports.html", form=form, tables=STATISTICS)


def _length() -> int:
    asked = request.args.get("days", type=int)
    return asked if asked in RANGES else RANGES[0]


def _asked(problem: Problem | None) -> Asked:
    until: date = beijing_day(platform().clock.now())
    return Asked(problem, until - timedelta(days=_length() - 1), until)


def _find(session: Session, slug: str | None) -> Problem | None:
    return get_problem(session, slug) if slug else None
