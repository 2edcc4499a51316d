"""Who may see whose work is alike. Pure predicates."""

from app.accounts.models import User


def can_see_similarity(actor: User) -> bool:
    """Judges and organisers; a likeness is no proof, and no team's business before they looked."""
    return actor.is_staff
