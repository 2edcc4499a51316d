"""Why an act on many submissions cannot be done."""

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.i18n import N_


class BulkNotFoundError(NotFoundError):
    """There is no such act."""

    code = "bulk_not_found"
    message = N_("There is no act on many submissions of number %(number)s.")


class NothingSelectedError(InvalidError):
    """No submission fits the filter."""

    code = "nothing_selected"
    message = N_("No submission fits; nothing would be done.")


class NoBulkReasonError(InvalidError):
    """The audit log keeps the reason, so there has to be one."""

    code = "no_reason"
    message = N_("Give a reason of at most %(limit)s characters.")


class BulkStateError(ConflictError):
    """It has gone on meanwhile: by the other click of two, or by the scheduler."""

    code = "bulk_state"
    message = N_("This is not possible any more: look at where it stands now.")
