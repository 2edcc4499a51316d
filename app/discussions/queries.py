"""Reads of discussions."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import User
from app.core.pagination import Page, PageRequest
from app.discussions.errors import ThreadNotFoundError
from app.discussions.models import Following, Post, Thread
from app.problems.models import Problem


def list_threads(session: Session, problem: Problem, page: PageRequest) -> Page[Thread]:
    """Return a problem's threads: pinned ones first, then by who wrote last. Two queries."""
    mine = select(Thread).where(Thread.problem_id == problem.id)
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    rows = session.scalars(
        mine.options(joinedload(Thread.author))
        .order_by(Thread.pinned_at.is_(None), Thread.last_at.desc(), Thread.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)


def get_thread(session: Session, problem: Problem, number: int) -> Thread:
    """Return a thread of a problem.

    Raises:
        ThreadNotFoundError: the problem has none of that number.
    """
    found = session.scalar(
        select(Thread)
        .where(Thread.id == number, Thread.problem_id == problem.id)
        .options(joinedload(Thread.author))
    )
    if found is None:
        raise ThreadNotFoundError
    return found


def get_post(session: Session, thread: Thread, number: int) -> Post:
    """Return a post of a thread.

    Raises:
        ThreadNotFoundError: the thread has none of that number.
    """
    found = session.scalar(select(Post).where(Post.id == number, Post.thread_id == thread.id))
    if found is None:
        raise ThreadNotFoundError
    return found


def get_first_post_id(session: Session, thread: Thread) -> int:
    """Return the id of the post that a thread began with."""
    return session.scalars(select(func.min(Post.id)).where(Post.thread_id == thread.id)).one()


def list_posts(session: Session, thread: Thread, page: PageRequest) -> Page[Post]:
    """Return a thread's posts, oldest first. Two queries."""
    mine = select(Post).where(Post.thread_id == thread.id)
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    rows = session.scalars(
        mine.options(joinedload(Post.author))
        .order_by(Post.id)
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)


def is_following(session: Session, thread: Thread, user: User) -> bool:
    """Say whether somebody is told of new posts."""
    found = select(Following.id).where(
        Following.thread_id == thread.id, Following.user_id == user.id
    )
    return session.scalar(found) is not None


def list_followers(session: Session, thread: Thread) -> list[int]:
    """Return the ids of who follows a thread."""
    return list(session.scalars(select(Following.user_id).where(Following.thread_id == thread.id)))


def count_posts_since(session: Session, author: User, since: datetime) -> int:
    """Return how many posts somebody has written since an instant."""
    return session.scalars(
        select(func.count(Post.id)).where(Post.author_id == author.id, Post.created_at > since)
    ).one()


def count_before(session: Session, thread: Thread, number: int) -> int:
    """Return how many posts stand before one of that number."""
    return session.scalars(
        select(func.count(Post.id)).where(Post.thread_id == thread.id, Post.id < number)
    ).one()
