"""Who sees how the contest goes, and who may take tables away."""

from app.accounts.models import User


def can_read_insights(actor: User | None) -> bool:
    """Staff see the statistics; nothing in them is about a single person."""
    return actor is not None and actor.is_staff


def can_export_table(actor: User | None) -> bool:
    """Organisers take tables away: they hold names, addresses and what board B says."""
    return actor is not None and actor.is_organiser
