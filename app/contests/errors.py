"""Why something about a contest cannot be done."""

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.i18n import N_


class EmptyAnnouncementError(InvalidError):
    """An announcement without a title or without a text."""

    code = "empty_announcement"
    message = N_("An announcement needs a title of at most 120 characters and a text.")


class AnnouncementNotFoundError(NotFoundError):
    """There is no announcement of that number."""

    code = "announcement_not_found"
    message = N_("There is no announcement %(number)s.")


class AlreadyCorrectedError(ConflictError):
    """Whoever corrects an announcement corrects its newest correction."""

    code = "already_corrected"
    message = N_("This announcement was corrected by number %(number)s; correct that one.")
