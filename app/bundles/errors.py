"""Why a bundle cannot be taken or made."""

from app.core.errors import ConflictError, UnprocessableError
from app.core.i18n import N_


class ProblemExistsError(ConflictError):
    """A problem of that name is there already."""

    code = "problem_exists"
    message = N_(
        "There is a problem “%(slug)s” already. Choose another name, or say that it is to get a "
        "new revision."
    )


class DumpDamagedError(UnprocessableError):
    """A dump of ours does not say what a dump says."""

    code = "dump_damaged"
    message = N_("dump.json cannot be read: %(reason)s")
