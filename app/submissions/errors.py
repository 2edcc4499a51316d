"""How a submission can be refused."""

from typing import ClassVar

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    LimitedError,
    NotFoundError,
    UnprocessableError,
)
from app.core.i18n import N_


class SubmissionNotFoundError(NotFoundError):
    """No such submission, or not yours."""

    code = "submission_not_found"
    message = N_("There is no such submission, or it is not yours.")


class StageClosedError(ConflictError):
    """The stage takes no submissions now."""

    code = "stage_closed"
    message = N_("Stage %(stage)s is not open for submissions now.")


class KindNotAcceptedError(UnprocessableError):
    """The problem does not take this kind."""

    code = "kind_not_accepted"
    message = N_("This problem does not take %(kind)s submissions.")


class StaffCannotSubmitError(ForbiddenError):
    """Those who run the contest do not compete in it."""

    code = "staff_cannot_submit"
    message = N_("Judges and organisers cannot submit as a team.")


class QuotaExceededError(LimitedError):
    """The team has used today's submissions."""

    code = "quota"
    message = N_("Your team has used all %(limit)s submissions of today (Beijing time).")


class DebugLimitError(LimitedError):
    """The team has used this hour's try runs."""

    code = "rate_limit"
    message = N_("Your team may start %(limit)s try runs an hour on this problem.")


class NothingToTryError(ConflictError):
    """Try runs are off, or the problem has no public data to try on."""

    code = "no_debug_runs"
    message = N_("This problem offers no try runs.")


class RefusedUploadError(UnprocessableError):
    """The file was read and is wrong; nothing is charged. `details` say what, line by line."""

    code = "invalid_upload"
    message: ClassVar[str] = N_("The file was refused; it does not count against the quota.")
