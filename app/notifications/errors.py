"""Why something about a notification cannot be done."""

from app.core.errors import NotFoundError
from app.core.i18n import N_


class NotificationNotFoundError(NotFoundError):
    """There is none of that number, or it is somebody else's."""

    code = "notification_not_found"
    message = N_("There is no such notification.")
