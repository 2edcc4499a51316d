"""Where organisers act on many submissions at once: choose, weigh, confirm, follow."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms.fields import SelectChoice

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.bulk import operations, policy, queries
from app.bulk.forms import ACTS, ChoiceForm, PlanForm
from app.bulk.models import Bulk, BulkKind
from app.bulk.operations import Wish
from app.core.current import platform
from app.core.errors import AppError, ForbiddenError, NotFoundError
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.evaluations.list_queries import list_titles
from app.evaluations.queries import map_current
from app.problems.models import Board
from app.problems.queries import find_problem, get_problem
from app.ui.error_pages import error_text
from app.ui.filters import localise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.evaluations.models import Evaluation

blueprint = Blueprint(
    "bulk", __name__, template_folder="templates", url_prefix="/staff/submissions/bulk"
)

_PREVIEWED: Final = 20
_ITEMS: Final = 50
_MOVES: Final = 100
Act = Callable[[Session, Bulk, User, datetime], None]


@blueprint.get("")
@access(Access.ORGANISER)
def index() -> ResponseReturnValue:
    """Show the filter, what fits it, the form of a plan, and what was done so far."""
    return _index(request.args, PlanForm(formdata=None))


@blueprint.post("")
@access(Access.ORGANISER)
def plan() -> ResponseReturnValue:
    """Fix which submissions are meant and weigh what would become of the boards."""
    form, choice, actor, port = PlanForm(), ChoiceForm(request.form), get_actor(), platform()
    if not policy.can_act_in_bulk(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        return _index(request.form, form), HTTPStatus.UNPROCESSABLE_ENTITY
    now = port.clock.now()
    try:
        with port.database.transaction() as session:
            problem = get_problem(session, choice.problem.data or "")
            wish = Wish(BulkKind(form.act.data), choice.choice(), form.reason.data)
            bulk = operations.plan(session, problem, wish, actor, now=now)
            if bulk.total <= operations.WEIGHED_AT_ONCE:
                operations.weigh(session, bulk, now=now)
    except NotFoundError:
        raise
    except AppError as error:
        form.act.errors = [error_text(error)]
        return _index(request.form, form), HTTPStatus.UNPROCESSABLE_ENTITY
    return _to(bulk.id)


@blueprint.get("/<int:bulk_id>")
@access(Access.ORGANISER)
def show(bulk_id: int) -> ResponseReturnValue:
    """Show what an act would do, or how far it has come."""
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=_ITEMS)
    with platform().database.reading() as session:
        bulk = queries.get_bulk(session, bulk_id)
        progress = queries.get_progress(session, bulk)
        items = queries.list_items(session, bulk, asked)
        boards = {
            stage.key: (
                queries.count_moves(session, bulk, stage.key),
                queries.list_moves(session, bulk, stage.key, _MOVES),
            )
            for stage in bulk.problem.stages
        }
    return render_template(
        "bulk/show.html",
        bulk=bulk,
        problem=bulk.problem,
        progress=progress,
        items=items,
        boards=boards,
        acts=ACTS,
        version=_version(bulk, progress),
        shown=_MOVES,
    )


@blueprint.get("/<int:bulk_id>/status.json")
@access(Access.ORGANISER)
def status(bulk_id: int) -> ResponseReturnValue:
    """Say how far an act has come, for pages that look without being reloaded."""
    with platform().database.reading() as session:
        bulk = queries.get_bulk(session, bulk_id)
        progress = queries.get_progress(session, bulk)
    return {
        "state": bulk.state.value,
        "version": _version(bulk, progress),
        "total": progress.total,
        "finished": progress.done,
        "skipped": progress.skipped,
        "done": bulk.state not in queries.BUSY,
    }


@blueprint.post("/<int:bulk_id>/confirm")
@access(Access.ORGANISER)
def confirm(bulk_id: int) -> ResponseReturnValue:
    """Do it: the first piece at once, the rest by the scheduler."""
    port = platform()

    def act(session: Session, bulk: Bulk, actor: User, now: datetime) -> None:
        operations.confirm(session, bulk, actor, now=now)
        operations.advance(session, port.queue, bulk, now=now)

    return _act(bulk_id, act, _("It is being done; this page shows how far it has come."))


@blueprint.post("/<int:bulk_id>/weigh")
@access(Access.ORGANISER)
def weigh(bulk_id: int) -> ResponseReturnValue:
    """Work out once more whom it would move: the boards go on meanwhile."""

    def act(session: Session, bulk: Bulk, _actor: User, now: datetime) -> None:
        operations.weigh(session, bulk, now=now)

    return _act(bulk_id, act, _("Worked out anew."))


@blueprint.post("/<int:bulk_id>/stop")
@access(Access.ORGANISER)
def stop(bulk_id: int) -> ResponseReturnValue:
    """Leave the rest as it is."""

    def act(session: Session, bulk: Bulk, actor: User, now: datetime) -> None:
        operations.stop(session, bulk, actor, now=now)

    return _act(bulk_id, act, _("Stopped; what was done stays done."))


@blueprint.post("/<int:bulk_id>/discard")
@access(Access.ORGANISER)
def discard(bulk_id: int) -> ResponseReturnValue:
    """Drop a plan."""
    actor = get_actor()
    if not policy.can_act_in_bulk(actor):
        raise ForbiddenError
    try:
        with platform().database.transaction() as session:
            operations.discard(session, queries.get_bulk(session, bulk_id))
    except NotFoundError:
        raise
    except AppError as error:
        flash(error_text(error), "error")
        return _to(bulk_id)
    flash(_("The plan is discarded; nothing was done."), "success")
    return redirect(url_for("bulk.index"), HTTPStatus.SEE_OTHER)


def _act(bulk_id: int, act: Act, done: str) -> ResponseReturnValue:
    actor = get_actor()
    if not policy.can_act_in_bulk(actor):
        raise ForbiddenError
    try:
        with platform().database.transaction() as session:
            act(session, queries.get_bulk(session, bulk_id), actor, platform().clock.now())
    except NotFoundError:
        raise
    except AppError as error:
        flash(error_text(error), "error")
    else:
        flash(done, "success")
    return _to(bulk_id)


def _to(bulk_id: int) -> ResponseReturnValue:
    return redirect(url_for("bulk.show", bulk_id=bulk_id), HTTPStatus.SEE_OTHER)


def _index(given: MultiDict[str, str], plan_form: PlanForm) -> str:
    form = ChoiceForm(given)
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        titles = list_titles(session)
        problem = find_problem(session, form.problem.data) if form.problem.data else None
        fitting = None
        current: Mapping[int, Evaluation] = {}
        if problem is not None:
            fitting = queries.list_fitting(
                session, problem, form.choice(), PageRequest(per_page=_PREVIEWED)
            )
            current = map_current(session, fitting.items)
        page = queries.list_bulks(session, asked)
    form.problem.choices = [
        SelectChoice("", _("choose…")),
        *(SelectChoice(one.slug, localise(one.title)) for one in titles),
    ]
    return render_template(
        "bulk/index.html",
        form=form,
        problem=problem,
        fitting=fitting,
        current=current,
        plan=plan_form,
        page=page,
        acts=ACTS,
        boards=list(Board),
    )


def _version(bulk: Bulk, progress: queries.Progress) -> str:
    """Return what changes whenever the page of an act would."""
    return f"{bulk.state}-{progress.waiting}-{progress.skipped}"
