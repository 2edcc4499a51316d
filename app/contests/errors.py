"""Why something about a contest cannot be done."""

from app.core.errors import InvalidError
from app.core.i18n import N_


class EmptyAnnouncementError(InvalidError):
    """An announcement without a title or without a text."""

    code = "empty_announcement"
    message = N_("An announcement needs a title of at most 120 characters and a text.")
