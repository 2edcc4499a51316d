"""Reads of the audit log: filtered, a page at a time or as the rows of a file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.core.audit import AuditEntry
from app.core.clock import BEIJING
from app.core.i18n import N_
from app.core.pagination import Page, PageRequest
from app.core.tables import Cell, beijing_cell

HEADINGS: Final = (
    N_("No."),
    N_("When (Beijing time)"),
    N_("Who"),
    N_("Number of the account"),
    N_("Act"),
    N_("On what"),
    N_("Details"),
    N_("Hash"),
)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for; what is empty does not narrow. Days are Beijing's, inclusive."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the clauses."""
        wanted: list[ColumnElement[bool]] = []
        if self.actor:
            named = AuditEntry.actor_name.icontains(self.actor, autoescape=True)
            wanted.append(or_(named, _is_account(self.actor)))
        if self.action:
            wanted.append(AuditEntry.action == self.action)
        if self.subject:
            wanted.append(AuditEntry.subject.icontains(self.subject, autoescape=True))
        if self.since is not None:
            wanted.append(AuditEntry.at >= _midnight(self.since))
        if self.until is not None:
            wanted.append(AuditEntry.at < _midnight(self.until) + timedelta(days=1))
        return wanted


def list_audit(
    session: Session, page: PageRequest, asked: AuditFilter | None = None
) -> Page[AuditEntry]:
    """Return one page of the audit log, newest first. Two queries."""
    wanted = (asked or AuditFilter()).conditions()
    total = session.scalars(select(func.count(AuditEntry.id)).where(*wanted)).one()
    rows = session.scalars(
        select(AuditEntry)
        .where(*wanted)
        .order_by(AuditEntry.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)


def list_actions(session: Session) -> Sequence[str]:
    """Return every kind of act that is in the log, by name."""
    return session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()


def audit_cells(session: Session, asked: AuditFilter) -> Iterator[list[Cell]]:
    """Return the entries as the rows of a file, oldest first."""
    entries = session.scalars(
        select(AuditEntry)
        .where(*asked.conditions())
        .order_by(AuditEntry.id)
        .execution_options(yield_per=500)
    )
    for one in entries:
        facts = json.dumps(one.facts, ensure_ascii=False, sort_keys=True)
        when = beijing_cell(one.at)
        who = [one.actor_name, one.actor_id]
        yield [one.id, when, *who, one.action, one.subject, facts, one.hash]


def _is_account(text: str) -> ColumnElement[bool]:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1  # noqa: PLR2004 — digits of any id
    return AuditEntry.actor_id == number


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, BEIJING)
