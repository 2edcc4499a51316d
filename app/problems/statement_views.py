"""Where organisers write a problem's title, summary and statement, and see what it will be."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.errors import AppError
from app.core.web import Access, access
from app.problems import queries, revising
from app.problems.errors import NothingChangedError, StatementChangedError
from app.problems.forms import StatementForm
from app.problems.models import Problem, Revision
from app.problems.revising import LOCALES, Words
from app.problems.statements import split_statement
from app.ui.error_pages import error_text
from app.ui.i18n import current_locale
from problems.issues import PackIssue
from problems.pack import PackError

blueprint = Blueprint(
    "problems_statement",
    __name__,
    template_folder="templates",
    url_prefix="/staff/problems/<slug>/statement",
)
SAVE = "save"


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What somebody else changed in one language, as the lines of a diff."""

    locale: str
    lines: Sequence[str]


@blueprint.get("")
@access(Access.ORGANISER)
def edit(slug: str) -> ResponseReturnValue:
    """Show the editor with the words of the revision in force."""
    problem, revision = _load(slug)
    return _page(problem, revision, StatementForm.of(revising.words_of(revision), revision.number))


@blueprint.post("")
@access(Access.ORGANISER)
def save(slug: str) -> ResponseReturnValue:
    """Show what was typed as it will be, or save it as a new revision; nothing typed is lost."""
    problem, revision = _load(slug)
    form = StatementForm()
    if form.do.data != SAVE:
        return _page(problem, revision, form)
    try:
        number = _save(slug, revision, form)
    except PackError as error:
        page = _page(problem, revision, form, faults=error.issues)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    except StatementChangedError as error:
        flash(error_text(error), "warning")
        return _collision(slug, form.base_number, form), HTTPStatus.CONFLICT
    except AppError as error:
        flash(error_text(error), "info" if isinstance(error, NothingChangedError) else "error")
        return _page(problem, revision, form), HTTPStatus.CONFLICT
    flash(_("Revision %(number)s is in force.", number=number), "success")
    return redirect(url_for("problems_staff.show", slug=slug), HTTPStatus.SEE_OTHER)


def _save(slug: str, revision: Revision, form: StatementForm) -> int:
    """Make the new revision and return its number."""
    edited = revising.edit_words(platform(), revision, form.as_words())
    actor, now = get_actor().as_actor(), platform().clock.now()
    with platform().database.transaction() as session:
        saved = revising.publish_words(
            session, slug, edited, base=form.base_number, actor=actor, now=now
        )
    return saved.number


@blueprint.post("/preview")
@access(Access.ORGANISER)
def preview(slug: str) -> ResponseReturnValue:
    """Return what is typed as it will be, for the page that shows it while one types."""
    problem, revision = _load(slug)
    words = StatementForm().as_words()
    return render_template("problems/_statement_preview.html", **_seen(problem, revision, words))


def _load(slug: str) -> tuple[Problem, Revision]:
    with platform().database.reading() as session:
        problem = queries.get_problem(session, slug)
        return problem, queries.get_current_revision(session, problem)


def _collision(slug: str, base: int, form: StatementForm) -> str:
    """Show what came into force meanwhile; saving again replaces it."""
    with platform().database.reading() as session:
        problem = queries.get_problem(session, slug)
        current = queries.get_current_revision(session, problem)
        before = _words_of(session, problem, base)
    form.base.data = str(current.number)
    after = revising.words_of(current)
    found = [Meanwhile(locale, _diff(before, after, locale)) for locale in LOCALES]
    return _page(problem, current, form, meanwhile=[one for one in found if one.lines])


def _words_of(session: Session, problem: Problem, number: int) -> Words:
    """Return what a revision said; nothing where there is none of that number."""
    for revision in queries.list_revisions(session, problem):
        if revision.number == number:
            return revising.words_of(revision)
    empty = dict.fromkeys(LOCALES, "")
    return Words(empty, empty, empty)


def _diff(before: Words, after: Words, locale: str) -> list[str]:
    old, new = (
        f"{words.title[locale]}\n{words.summary[locale]}\n{words.statements[locale]}".splitlines()
        for words in (before, after)
    )
    # the first two lines name files, and there are none
    return list(unified_diff(old, new, lineterm="", n=1))[2:]


def _page(
    problem: Problem,
    revision: Revision,
    form: StatementForm,
    *,
    faults: Sequence[PackIssue] | None = None,
    meanwhile: Sequence[Meanwhile] = (),
) -> str:
    with platform().database.reading() as session:
        is_rescored = queries.has_staged_revision(session, problem)
    parts = _seen(problem, revision, form.as_words())
    if faults is not None:
        parts["faults"] = faults
    return render_template(
        "problems/statement.html",
        form=form,
        meanwhile=meanwhile,
        is_rescored=is_rescored,
        is_signed_off=any(stage.signed_off_at for stage in problem.stages),
        **parts,
    )


def _seen(problem: Problem, revision: Revision, words: Words) -> dict[str, object]:
    """Return what the preview shows of words."""
    return {
        "problem": problem,
        "revision": revision,
        "words": words,
        "parts": {locale: split_statement(words.statements[locale]) for locale in LOCALES},
        "faults": revising.find_faults(words),
        "rules_change": revising.changes_rules(revising.words_of(revision), words),
        "locale": current_locale(),
    }
