"""Who may bring competitions, and take them away."""

from app.accounts.models import User


def can_import_bundle(actor: User | None) -> bool:
    """Organisers import: it publishes problems."""
    return actor is not None and actor.is_organiser
