"""The main navigation: what is shown to whom, and which entry is the present one."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import Flask, g, request, url_for
from flask_babel import gettext

from app.core.i18n import N_


@dataclass(frozen=True, slots=True)
class Entry:
    """One link. `prefix` is the path under which it counts as the present one, `also` others."""

    endpoint: str
    label: str
    prefix: str
    also: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """How much of the present path it names; 0 where the present page is not below it."""
        return max((len(one) for one in (self.prefix, *self.also) if is_under(one)), default=0)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as a template shows it."""

    url: str
    label: str
    current: bool


MAIN: Final = (
    Entry("problems.hall", N_("Problem hall"), "/problems"),
    Entry("contests.announcements", N_("Announcements"), "/announcements"),
)
MEMBER: Final = (Entry("submissions.index", N_("My submissions"), "/submissions"),)
TO_STAFF: Final = (Entry("home_staff.dashboard", N_("Staff"), "/staff"),)
STAFF: Final = (
    Entry("home_staff.dashboard", N_("Overview"), "/staff"),
    Entry("contests_setup.index", N_("Contests"), "/staff/contests"),
    Entry(
        "problems_staff.index",
        N_("Problems"),
        "/staff/problems",
        also=("/staff/publications", "/staff/bundles", "/staff/rescores"),
    ),
    Entry("problems_lifecycle.schedule", N_("Schedule"), "/staff/schedule"),
    Entry("submissions_staff.index", N_("Submissions"), "/staff/submissions"),
    Entry("judging.index", N_("Review desk"), "/staff/review"),
    Entry("home_staff.compute", N_("Compute"), "/staff/compute"),
    Entry("teams_staff.index", N_("Teams"), "/staff/teams"),
    Entry("accounts_staff.index", N_("People"), "/staff/users"),
    Entry("insights.index", N_("Statistics"), "/staff/statistics"),
    Entry("insights.exports", N_("Exports"), "/staff/exports"),
    Entry("overall_staff.index", N_("Overall boards"), "/staff/overall"),
    Entry("contests_staff.create", N_("Announcements"), "/staff/announcements"),
    Entry("audit_staff.index", N_("Audit log"), "/staff/audit"),
)
_ORGANISERS_ONLY: Final = frozenset(
    {
        "accounts_staff.index",
        "insights.exports",
        "overall_staff.index",
        "contests_staff.create",
        "audit_staff.index",
    }
)


class Navigation:
    """The links of one application. An entry whose feature is not registered is left out."""

    def __init__(self, app: Flask) -> None:
        self._views = app.view_functions

    def main(self) -> list[Link]:
        """Return the main navigation for whoever is asking."""
        actor = g.get("actor")
        is_staff = bool(getattr(actor, "is_staff", False))
        entries = list(MAIN)
        if actor is not None and not is_staff:
            entries.extend(MEMBER)
        if is_staff:
            entries.extend(TO_STAFF)
        return self._links(entries)

    def staff(self) -> list[Link]:
        """Return the navigation of the staff pages; empty elsewhere."""
        if not is_under("/staff"):
            return []
        organiser = bool(getattr(g.get("actor"), "is_organiser", False))
        hidden = frozenset() if organiser else _ORGANISERS_ONLY
        return self._links([entry for entry in STAFF if entry.endpoint not in hidden])

    def _links(self, entries: list[Entry]) -> list[Link]:
        known = [entry for entry in entries if entry.endpoint in self._views]
        present = max(known, key=lambda entry: entry.depth, default=None)
        return [
            Link(
                url_for(entry.endpoint),
                gettext(entry.label),
                entry is present and entry.depth > 0,
            )
            for entry in known
        ]


def is_under(prefix: str) -> bool:
    """Whether the present page is at a path or below it."""
    return request.path == prefix or request.path.startswith(f"{prefix}/")


def here_with(**changes: str) -> str:
    """Return a relative link to this page with query arguments changed.

    Relative, because the path is whatever was asked for: `//host` would lead away.
    """
    return f"?{urlencode(request.args.to_dict(flat=True) | changes)}"


def register_navigation(app: Flask) -> None:
    """Give templates the links and the caller."""
    links = Navigation(app)
    app.jinja_env.globals.update(
        main_links=links.main, staff_links=links.staff, here_with=here_with
    )

    @app.context_processor
    def _caller() -> dict[str, object]:
        return {"actor": g.get("actor")}
