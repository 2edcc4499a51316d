"""Why something about a review cannot be done."""

from app.core.errors import ConflictError, InvalidError
from app.core.i18n import N_


class EmptyNoteError(InvalidError):
    """A note without a text, or with too long a one."""

    code = "empty_note"
    message = N_("Please write a text of at most %(limit)s characters.")


class NothingFlaggedError(ConflictError):
    """A flag is taken off where none is."""

    code = "nothing_flagged"
    message = N_("This submission is not flagged.")


class NothingAskedError(ConflictError):
    """A team answers where nobody asked, or where it has answered already."""

    code = "nothing_asked"
    message = N_("There is no open question about this submission.")
