"""What can go wrong when a pair is looked up."""

from app.core.errors import NotFoundError
from app.core.i18n import N_


class PairNotFoundError(NotFoundError):
    """These two submissions were not found to be alike."""

    code = "pair_not_found"
    message = N_("These two submissions are not among those that are alike now.")
