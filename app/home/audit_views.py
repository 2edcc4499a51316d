"""The audit log: browsed by filter, checked as a whole, taken away as a file."""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.identity import get_actor
from app.core.audit import Verification, record_audit, verify_chain
from app.core.clock import beijing_day
from app.core.current import platform
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.home.audit_forms import AuditFilterForm, ExportForm, VerifyForm
from app.home.audit_queries import (
    HEADINGS,
    AuditFilter,
    audit_cells,
    list_actions,
    list_audit,
)
from app.ui.downloads import send_table

blueprint = Blueprint(
    "audit_staff", __name__, template_folder="templates", url_prefix="/staff/audit"
)

_PER_PAGE: Final = 50


@blueprint.get("")
@access(Access.ORGANISER)
def index() -> ResponseReturnValue:
    """Show who changed what, by person, act, subject and day."""
    return _page()


@blueprint.post("/verify")
@access(Access.ORGANISER)
def verify() -> ResponseReturnValue:
    """Walk along the whole chain of hashes, and look for one that was noted before."""
    form = VerifyForm()
    if not form.validate_on_submit():
        return _page(verify=form), HTTPStatus.UNPROCESSABLE_ENTITY
    noted = (form.noted.data or "").strip().lower()
    with platform().database.reading() as session:
        found = verify_chain(session, noted)
    return _page(found, noted, form)


@blueprint.post("/export")
@access(Access.ORGANISER)
def export() -> ResponseReturnValue:
    """Give the filtered log as a file; the log says that it was taken."""
    form, port, actor = ExportForm(), platform(), get_actor()
    if not form.validate_on_submit():
        return _page(), HTTPStatus.UNPROCESSABLE_ENTITY
    asked, now = read_filter(form), port.clock.now()
    with port.database.transaction() as session:
        facts = {"table": "audit", "format": form.format.data}
        record_audit(session, actor.as_actor(), "table.export", "site:audit", facts, now=now)
    heading = [_(one) for one in HEADINGS]
    name = f"audit-{beijing_day(now):%Y%m%d}"
    with port.database.reading() as session:
        return send_table(name, form.kind, heading, audit_cells(session, asked))


def read_filter(form: AuditFilterForm) -> AuditFilter:
    """Return what a form asks for."""
    return AuditFilter(
        actor=(form.actor.data or "").strip(),
        action=form.action.data or "",
        subject=(form.subject.data or "").strip(),
        since=_possible(form.since.data),
        until=_possible(form.until.data),
    )


def _possible(day: date | None) -> date | None:
    """Return a day that is an instant in every zone and has a next one; nothing else narrows."""
    first, last = date(1970, 1, 2), date.max - timedelta(days=2)
    return day if day is not None and first <= day <= last else None


def _page(
    found: Verification | None = None, noted: str = "", verify: VerifyForm | None = None
) -> str:
    form = AuditFilterForm(request.args)
    asked = PageRequest.clamp(request.args.get("page", type=int), _PER_PAGE)
    with platform().database.reading() as session:
        page = list_audit(session, asked, read_filter(form))
        actions = list_actions(session)
    form.list_actions(actions)
    return render_template(
        "home/audit.html",
        page=page,
        form=form,
        found=found,
        noted=noted,
        verify=verify or VerifyForm(formdata=None),
        export=ExportForm(formdata=None, data=form.data),
    )
