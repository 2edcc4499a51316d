"""Why a statistic or a table cannot be had."""

from app.core.errors import NotFoundError
from app.core.i18n import N_


class TableNotFoundError(NotFoundError):
    """There is no table of that name, or not of that kind of file."""

    code = "table_not_found"
    message = N_("There is no such table.")
