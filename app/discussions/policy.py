"""Who may do what in discussions. Everybody who sees a problem reads; judges do not write."""

from app.accounts.models import Role, User
from app.discussions.models import Thread


def can_write_post(actor: User | None) -> bool:
    """Allow participants and organisers: a judge who advises one team would favour it."""
    return actor is not None and actor.role is not Role.JUDGE


def can_moderate(actor: User | None) -> bool:
    """Organisers pin, hide and show again."""
    return actor is not None and actor.is_organiser


def can_mark_answer(actor: User | None, thread: Thread) -> bool:
    """Allow who asked, and organisers."""
    if actor is None or not can_write_post(actor):
        return False
    return actor.is_organiser or actor.id == thread.author_id


def can_read_title(actor: User | None, thread: Thread) -> bool:
    """A title goes with the first post: hidden, organisers alone read it."""
    return thread.hidden_at is None or can_moderate(actor)


def can_write_reply(actor: User | None, thread: Thread) -> bool:
    """Whoever may write, but in a hidden discussion organisers alone."""
    return can_write_post(actor) and (thread.hidden_at is None or can_moderate(actor))
