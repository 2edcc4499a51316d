"""Who may do what with re-scores: judges look on, organisers decide, teams know of none."""

from app.accounts.models import User


def can_read_rescore(actor: User | None) -> bool:
    """Staff see what is staged and whom it moves, board B included."""
    return actor is not None and actor.is_staff


def can_stage_rescore(actor: User | None) -> bool:
    """Organisers upload a pack for a re-score."""
    return actor is not None and actor.is_organiser


def can_retry_rescore(actor: User | None) -> bool:
    """Organisers have what failed by the platform's or the scorer's fault scored again."""
    return actor is not None and actor.is_organiser


def can_publish_rescore(actor: User | None) -> bool:
    """Organisers put new scores in force."""
    return actor is not None and actor.is_organiser


def can_discard_rescore(actor: User | None) -> bool:
    """Organisers drop what is staged."""
    return actor is not None and actor.is_organiser
