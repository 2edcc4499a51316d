"""Who may see and go on with an upload: the person who began it, and nobody else."""

from app.accounts.models import User
from app.uploads.models import Upload


def can_continue_upload(actor: User, upload: Upload) -> bool:
    """Allow its own sender; staff have no business with files that are not handed in."""
    return upload.user_id == actor.id
