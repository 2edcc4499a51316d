"""Why something about a re-score cannot be done."""

from app.core.errors import ConflictError, NotFoundError
from app.core.i18n import N_


class RescoreNotFoundError(NotFoundError):
    """There is no re-score of that number."""

    code = "rescore_not_found"
    message = N_("There is no re-score %(number)s.")


class RescoreOpenError(ConflictError):
    """A problem has one re-score under way at most."""

    code = "rescore_open"
    message = N_(
        "Re-score %(number)s of this problem is under way; publish or discard it before another."
    )


class RescoreEndedError(ConflictError):
    """It has been published, by somebody else or by the other click of two."""

    code = "rescore_ended"
    message = N_("This re-score is published already.")


class RescoreNotReadyError(ConflictError):
    """Something has not been scored by the new rules yet."""

    code = "rescore_not_ready"
    message = N_(
        "%(missing)s of the evaluations are not scored by the new rules yet; wait a moment."
    )


class RescoreFaultsError(ConflictError):
    """Shadow runs failed by the scorer's fault or the platform's."""

    code = "rescore_faults"
    message = N_(
        "%(count)s evaluations could not be scored by the new rules, by the scorer's fault or the "
        "platform's. Try them again, or discard the re-score and stage a corrected pack."
    )


class RescoreStaleError(ConflictError):
    """Another revision came into force after the staging."""

    code = "rescore_stale"
    message = N_(
        "Revision %(number)s was published after this re-score was staged. Discard it and stage "
        "the pack again."
    )
