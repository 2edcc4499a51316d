"""Why something about a notification cannot be done."""

from app.core.errors import NotFoundError
from app.core.i18n import N_


class NotificationNotFoundError(NotFoundError):
    """There is none of that number, or it is somebody else's."""

    code = "notification_not_found"
    message = N_("There is no such notification.")


class StopLinkError(NotFoundError):
    """The link that stops mails is not one of ours, or was cut off."""

    code = "stop_link"
    message = N_("This link does not work. You can change what is mailed to you on the site.")
