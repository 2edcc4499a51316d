"""Why something about a board cannot be told."""

from app.core.errors import NotFoundError
from app.core.i18n import N_


class NotComparableError(NotFoundError):
    """Two teams of which the board shows no interval, or the person does not see both."""

    code = "not_comparable"
    message = N_(
        "These two teams cannot be compared: both need an interval on this board as it is now."
    )
