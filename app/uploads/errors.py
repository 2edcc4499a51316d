"""How a piece of a file can be refused."""

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.i18n import N_


class UploadNotFoundError(NotFoundError):
    """No such upload, somebody else's, or one that has expired."""

    code = "upload_not_found"
    message = N_("There is no such upload; it may have expired. Please start again.")


class OffsetMismatchError(ConflictError):
    """The piece does not begin where the file ends so far."""

    code = "offset_mismatch"
    message = N_("The upload is at byte %(received)s, not at %(asked)s.")


class UnfinishedUploadError(ConflictError):
    """It was asked to hand in what is not all there."""

    code = "upload_unfinished"
    message = N_("Only %(received)s of %(size)s bytes have arrived.")


class TooManyUnfinishedError(ConflictError):
    """A team's unfinished uploads take too much space."""

    code = "too_many_unfinished"
    message = N_(
        "Your team's unfinished uploads take %(held)s of %(limit)s. Finish or cancel one first."
    )


class MalformedUploadError(InvalidError):
    """A header of the protocol is missing or wrong."""

    code = "malformed_upload"
    message = N_("The header %(header)s is missing or wrong.")
