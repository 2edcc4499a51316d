"""The discussion of a problem: read by everybody, written in by teams and organisers."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import find_actor, get_actor
from app.accounts.models import User
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.pagination import DEFAULT_PER_PAGE, PageRequest
from app.core.web import Access, access, read_id
from app.discussions import operations, policy, queries
from app.discussions.forms import PostForm, ThreadForm
from app.discussions.models import Thread
from app.problems.models import Problem
from app.problems.queries import get_readable_problem

blueprint = Blueprint(
    "discussions", __name__, template_folder="templates", url_prefix="/problems/<slug>/discussion"
)


@blueprint.get("")
@access(Access.ANYONE)
def index(slug: str) -> ResponseReturnValue:
    """List the threads: pinned ones first, then by who wrote last."""
    actor = find_actor()
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        page = queries.list_threads(session, problem, asked)
    may_write = policy.can_write_post(actor)
    return render_template(
        "discussions/index.html",
        problem=problem,
        page=page,
        may_write=may_write,
        title_of=lambda thread: _title_of(actor, thread),
    )


@blueprint.get("/new")
@access(Access.MEMBER)
def create(slug: str) -> ResponseReturnValue:
    """Show the form of a new thread."""
    return _new_page(slug, ThreadForm(formdata=None))


@blueprint.post("/new")
@access(Access.MEMBER)
def create_post(slug: str) -> ResponseReturnValue:
    """Begin a thread."""
    form, port = ThreadForm(), platform()
    if not form.validate_on_submit():
        return _new_page(slug, form), HTTPStatus.BAD_REQUEST
    with port.database.transaction() as session:
        problem = get_readable_problem(session, slug, get_actor())
        thread = operations.open_thread(
            session,
            problem,
            get_actor(),
            title=form.title.data,
            body=form.body.data,
            now=port.clock.now(),
        )
    return redirect(url_for("discussions.show", slug=slug, number=thread.id), HTTPStatus.SEE_OTHER)


@blueprint.get("/<int:number>")
@access(Access.ANYONE)
def show(slug: str, number: int) -> ResponseReturnValue:
    """Show a thread, a page of posts at a time; `?post=` finds the page of a post."""
    return _thread_page(slug, number, PostForm(formdata=None))


@blueprint.post("/<int:number>")
@access(Access.MEMBER)
def reply(slug: str, number: int) -> ResponseReturnValue:
    """Write in a thread."""
    form, port = PostForm(), platform()
    if not form.validate_on_submit():
        return _thread_page(slug, number, form), HTTPStatus.BAD_REQUEST
    with port.database.transaction() as session:
        problem, thread = _find(session, slug, number)
        post = operations.reply(
            session, problem, thread, get_actor(), body=form.body.data, now=port.clock.now()
        )
        path = operations.path_of(problem, thread, post)
    return redirect(path, HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:number>/following")
@access(Access.MEMBER)
def follow(slug: str, number: int) -> ResponseReturnValue:
    """Follow a thread, or no longer."""
    with platform().database.transaction() as session:
        _problem, thread = _find(session, slug, number)
        if request.form.get("follow") == "no":
            operations.unfollow(session, thread, get_actor())
        else:
            operations.follow(session, thread, get_actor())
    return _back(slug, number)


@blueprint.post("/<int:number>/pin")
@access(Access.ORGANISER)
def pin(slug: str, number: int) -> ResponseReturnValue:
    """Pin a thread, or let it go."""
    port = platform()
    with port.database.transaction() as session:
        _problem, thread = _find(session, slug, number)
        operations.pin(session, thread, get_actor(), now=port.clock.now())
    return _back(slug, number)


@blueprint.post("/<int:number>/posts/<int:post_id>/answer")
@access(Access.MEMBER)
def answer(slug: str, number: int, post_id: int) -> ResponseReturnValue:
    """Mark a post as the answer, or take the mark back."""
    port = platform()
    with port.database.transaction() as session:
        problem, thread = _find(session, slug, number)
        post = queries.get_post(session, thread, post_id)
        operations.mark_answer(session, problem, thread, post, get_actor(), now=port.clock.now())
    return _back(slug, number)


@blueprint.post("/<int:number>/posts/<int:post_id>/hide")
@access(Access.ORGANISER)
def hide(slug: str, number: int, post_id: int) -> ResponseReturnValue:
    """Hide a post with a reason, or show it again."""
    port = platform()
    with port.database.transaction() as session:
        problem, thread = _find(session, slug, number)
        post = queries.get_post(session, thread, post_id)
        operations.hide_post(
            session,
            problem,
            thread,
            post,
            get_actor(),
            reason=request.form.get("reason", ""),
            now=port.clock.now(),
        )
    return _back(slug, number)


def _find(session: Session, slug: str, number: int) -> tuple[Problem, Thread]:
    problem = get_readable_problem(session, slug, find_actor())
    return problem, queries.get_thread(session, problem, number)


def _back(slug: str, number: int) -> ResponseReturnValue:
    return redirect(url_for("discussions.show", slug=slug, number=number), HTTPStatus.SEE_OTHER)


def _new_page(slug: str, form: ThreadForm) -> str:
    if not policy.can_write_post(get_actor()):
        raise ForbiddenError
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, get_actor())
    return render_template("discussions/create.html", problem=problem, form=form)


def _thread_page(slug: str, number: int, form: PostForm) -> str:
    actor = find_actor()
    with platform().database.reading() as session:
        problem, thread = _find(session, slug, number)
        page = queries.list_posts(session, thread, _asked(session, thread))
        following = actor is not None and queries.is_following(session, thread, actor)
    return render_template(
        "discussions/show.html",
        problem=problem,
        thread=thread,
        page=page,
        form=form,
        following=following,
        may_write=policy.can_write_reply(actor, thread),
        heading=_title_of(actor, thread),
        may_moderate=policy.can_moderate(actor),
        may_mark=policy.can_mark_answer(actor, thread),
        title=_("Discussion"),
    )


def _title_of(actor: User | None, thread: Thread) -> str:
    """Return what an actor reads in place of a title; one hidden is named as that."""
    if policy.can_read_title(actor, thread):
        return thread.title
    hidden: str = _("Discussion hidden by the organisers")
    return hidden


def _asked(session: Session, thread: Thread) -> PageRequest:
    """Return the page asked for by its number, or by a post on it."""
    wanted = read_id(request.args.get("post"))
    if wanted is None:
        return PageRequest.clamp(request.args.get("page", type=int), None)
    return PageRequest(queries.count_before(session, thread, wanted) // DEFAULT_PER_PAGE + 1)
