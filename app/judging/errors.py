"""Why a board cannot be signed off, or a sign-off not be lifted."""

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.i18n import N_


class StageNotClosedError(ConflictError):
    """The stage may still take submissions."""

    code = "stage_not_closed"
    message = N_("Board %(board)s can be signed off once its stage has closed.")


class StillEvaluatingError(ConflictError):
    """Runs that may move the board have not ended."""

    code = "still_evaluating"
    message = N_("%(count)s evaluations of this problem have not ended yet.")


class StillClimbingError(ConflictError):
    """The Ladder may still move the board."""

    code = "still_climbing"
    message = N_("The Ladder has still to answer %(count)s teams of this problem; wait a moment.")


class RankingChangedError(ConflictError):
    """The board is no longer the one that the judge looked at."""

    code = "ranking_changed"
    message = N_("The ranking has changed since you opened it. Please look at it again.")


class AlreadySignedError(ConflictError):
    """One judge signs a board once."""

    code = "already_signed"
    message = N_("You have signed this board off already.")


class NotSignedError(ConflictError):
    """There is no sign-off to lift."""

    code = "not_signed"
    message = N_("This board is not signed off.")


class NoReasonError(InvalidError):
    """A sign-off is lifted for a reason."""

    code = "no_reason"
    message = N_("Please say why, in at most %(limit)s characters.")


class CodeFileNotFoundError(NotFoundError):
    """The archive has no such file, or the submission is no code."""

    code = "code_file_not_found"
    message = N_("This submission has no file “%(path)s”.")
