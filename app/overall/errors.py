"""Why something about an overall board cannot be done."""

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.i18n import N_


class OverallNotFoundError(NotFoundError):
    """There is no such overall board."""

    code = "overall_board_not_found"
    message = N_("There is no such overall board.")


class OverallSlugTakenError(ConflictError):
    """Another overall board has this address."""

    code = "overall_slug_taken"
    message = N_("Another overall board has this address.")


class UnusableOverallError(InvalidError):
    """Its settings are incomplete."""

    code = "unusable_overall_board"
    message = N_(
        "An overall board needs a title, an address of 3 to 64 lower-case letters, digits and "
        "hyphens, and 2 to 40 problems of its contest."
    )
