"""What people do in discussions. Callers own the transaction."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import record_audit
from app.core.db import hold
from app.core.errors import ForbiddenError
from app.discussions import policy, queries
from app.discussions.errors import (
    EmptyPostError,
    HiddenPostError,
    HiddenThreadError,
    ReasonMissingError,
    TooManyPostsError,
)
from app.discussions.models import Following, Post, Thread
from app.notifications.models import Topic
from app.notifications.operations import notify, retitle
from app.problems.models import Problem

LONGEST_TITLE: Final = 120
LONGEST_BODY: Final = 10_000
LONGEST_REASON: Final = 300
POSTS_PER_WINDOW: Final = 10
WINDOW: Final = timedelta(minutes=10)
_HIDDEN_TITLE: Final = "…"


def open_thread(
    session: Session, problem: Problem, author: User, *, title: str, body: str, now: datetime
) -> Thread:
    """Begin a thread; its author follows it.

    Raises:
        ForbiddenError: judges do not write.
        EmptyPostError: title or text is empty or too long.
        TooManyPostsError: the author has written a lot in the last minutes.
    """
    title = " ".join(title.split())
    if not 0 < len(title) <= LONGEST_TITLE:
        raise EmptyPostError
    thread = Thread(
        problem_id=problem.id,
        author_id=author.id,
        title=title,
        created_at=now,
        last_at=now,
        pinned_at=None,
        answer_id=None,
        hidden_at=None,
    )
    session.add(thread)
    session.flush()
    _write(session, thread, author, body, now)
    return thread


def reply(
    session: Session, problem: Problem, thread: Thread, author: User, *, body: str, now: datetime
) -> Post:
    """Write in a thread; who follows it is told, and its author now does.

    Raises:
        ForbiddenError, EmptyPostError, TooManyPostsError: see `open_thread`.
        HiddenThreadError: organisers have hidden the discussion.
    """
    hold(session, thread)
    if policy.can_write_post(author) and not policy.can_write_reply(author, thread):
        raise HiddenThreadError
    post = _write(session, thread, author, body, now)
    followers = [user for user in queries.list_followers(session, thread) if user != author.id]
    facts = {"who": author.name, "title": _told_title(thread)}
    notify(session, followers, Topic.REPLY, facts, path_of(problem, thread, post), now=now)
    return post


def path_of(problem: Problem, thread: Thread, post: Post) -> str:
    """Return where a post is read: the page that it is on."""
    return f"{_path_of_thread(problem, thread)}?post={post.id}#post-{post.id}"


def follow(session: Session, thread: Thread, user: User) -> None:
    """Tell somebody of new posts; again changes nothing."""
    if queries.is_following(session, thread, user):
        return
    try:
        with session.begin_nested():
            session.add(Following(thread_id=thread.id, user_id=user.id))
    except IntegrityError:
        return  # the other click of two came first


def unfollow(session: Session, thread: Thread, user: User) -> None:
    """Tell somebody of new posts no more."""
    session.execute(
        delete(Following).where(Following.thread_id == thread.id, Following.user_id == user.id)
    )


def mark_answer(
    session: Session, problem: Problem, thread: Thread, post: Post, actor: User, *, now: datetime
) -> None:
    """Mark a post as the answer, or take the mark back from it.

    Raises:
        ForbiddenError: only who asked and organisers do.
        HiddenPostError: organisers have hidden the post.
    """
    if not policy.can_mark_answer(actor, thread):
        raise ForbiddenError
    hold(session, thread)
    if thread.answer_id == post.id:
        thread.answer_id = None
        return
    hold(session, post)
    if post.hidden_at is not None:
        raise HiddenPostError
    thread.answer_id = post.id
    if post.author_id != actor.id:
        where = path_of(problem, thread, post)
        facts = {"title": _told_title(thread)}
        notify(session, [post.author_id], Topic.ANSWER, facts, where, now=now)


def pin(session: Session, thread: Thread, actor: User, *, now: datetime) -> None:
    """Keep a thread at the head of the list, or let it go.

    Raises:
        ForbiddenError: only organisers do.
    """
    if not policy.can_moderate(actor):
        raise ForbiddenError
    hold(session, thread)
    thread.pinned_at = now if thread.pinned_at is None else None


def hide_post(  # noqa: PLR0913 — what is hidden, where, by whom and why
    session: Session,
    problem: Problem,
    thread: Thread,
    post: Post,
    actor: User,
    *,
    reason: str,
    now: datetime,
) -> None:
    """Take a post's text off the page, or with an empty reason show a hidden one again.

    The author is told, everybody reads the reason, the audit log keeps both. The title goes with
    the first post, wherever it was told; a hidden post is no answer any more.

    Raises:
        ForbiddenError: only organisers do.
        ReasonMissingError: there is no reason.
    """
    if not policy.can_moderate(actor):
        raise ForbiddenError
    hold(session, thread)
    hold(session, post)
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if post.hidden_at is None and not reason:
        raise ReasonMissingError
    hides = post.hidden_at is None
    post.hidden_at = now if hides else None
    post.hidden_reason = reason if hides else ""
    if hides and thread.answer_id == post.id:
        thread.answer_id = None
    if post.id == queries.get_first_post_id(session, thread):
        thread.hidden_at = post.hidden_at
        retitle(session, _path_of_thread(problem, thread), _told_title(thread))
    if hides and post.author_id != actor.id:
        facts = {"title": _told_title(thread), "reason": reason}
        where = path_of(problem, thread, post)
        notify(session, [post.author_id], Topic.MODERATED, facts, where, now=now)
    action = "post.hide" if hides else "post.show"
    facts = {"post": str(post.id), "thread": str(thread.id), "reason": reason}
    record_audit(session, actor.as_actor(), action, f"problem:{problem.slug}", facts, now=now)


def _path_of_thread(problem: Problem, thread: Thread) -> str:
    return f"/problems/{problem.slug}/discussion/{thread.id}"


def _told_title(thread: Thread) -> str:
    """Return what notifications call a discussion: nothing of a hidden one."""
    return thread.title if thread.hidden_at is None else _HIDDEN_TITLE


def _write(session: Session, thread: Thread, author: User, body: str, now: datetime) -> Post:
    if not policy.can_write_post(author):
        raise ForbiddenError
    body = body.strip()
    if not 0 < len(body) <= LONGEST_BODY:
        raise EmptyPostError
    if queries.count_posts_since(session, author, now - WINDOW) >= POSTS_PER_WINDOW:
        raise TooManyPostsError(retry_after=int(WINDOW.total_seconds()))
    post = Post(thread_id=thread.id, author_id=author.id, body=body, created_at=now, hidden_at=None)
    session.add(post)
    thread.last_at = now
    thread.posts_count = (thread.posts_count or 0) + 1
    session.flush()
    follow(session, thread, author)
    return post
