"""Who may act on many submissions at once."""

from app.accounts.models import User


def can_act_in_bulk(actor: User | None) -> bool:
    """Organisers plan, confirm, stop and discard; what is planned may tell of board B."""
    return actor is not None and actor.is_organiser
