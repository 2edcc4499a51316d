"""Why a bundle cannot be taken."""

from app.core.errors import ConflictError
from app.core.i18n import N_


class ProblemExistsError(ConflictError):
    """A problem of that name is there already."""

    code = "problem_exists"
    message = N_(
        "There is a problem “%(slug)s” already. Choose another name, or say that it is to get a "
        "new revision."
    )
