"""How a request about an evaluation can be refused."""

from app.core.errors import ConflictError
from app.core.i18n import N_


class IllegalTransitionError(ConflictError):
    """The evaluation is not in a state from which this can happen."""

    code = "illegal_transition"
    message = N_("The submission is no longer in a state in which this is possible.")


class NotRunningError(ConflictError):
    """There is nothing to cancel."""

    code = "already_finished"
    message = N_("The submission has already finished; there is nothing to cancel.")


class StillRunningError(ConflictError):
    """A re-run waits for the end of what runs."""

    code = "still_running"
    message = N_("The submission is still being evaluated; re-run it after it has finished.")
