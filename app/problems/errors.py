"""Why something about a problem cannot be done."""

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnprocessableError,
)
from app.core.i18n import N_


class ProblemNotFoundError(NotFoundError):
    """No such problem, or it was withdrawn and the actor is not staff."""

    code = "problem_not_found"
    message = N_("There is no problem “%(slug)s”.")


class FileNotFoundInProblemError(NotFoundError):
    """No such data file, or its stage has not opened yet."""

    code = "file_not_found"
    message = N_("This problem has no data file “%(path)s”.")


class PublicationNotFoundError(NotFoundError):
    """No such uploaded pack."""

    code = "publication_not_found"
    message = N_("There is no uploaded pack %(number)s.")


class RulesNotAcceptedError(ForbiddenError):
    """The data was asked for before the rules were accepted."""

    code = "rules_not_accepted"
    message = N_("Please read and accept the rules of this problem before you download its data.")


class UnknownSettingError(InvalidError):
    """No organiser's setting has this name."""

    code = "unknown_setting"
    message = N_("There is no setting “%(name)s”. The settings are: %(allowed)s.")


class SettingValueError(InvalidError):
    """A setting cannot have this value."""

    code = "bad_setting_value"
    message = N_("%(name)s cannot be “%(value)s”; allowed: %(allowed)s.")


class StageTimesError(InvalidError):
    """A stage would close before it opens."""

    code = "stage_times"
    message = N_("The %(board)s stage would not open before it closes.")


class BoardMissingError(NotFoundError):
    """The problem has no such board."""

    code = "board_not_found"
    message = N_("This problem has no board %(board)s.")


class StageStateError(ConflictError):
    """The stage is already where it was to be moved, or not where it can be moved from."""

    code = "stage_state"
    message = N_("The stage is not in a state that allows this.")


class LadderOnBError(ConflictError):
    """Board B decides, and answers once."""

    code = "ladder_on_b"
    message = N_("The Ladder is for board A alone: board B answers with the scores as they are.")


class LadderNeedsStepError(UnprocessableError):
    """The Ladder is to have a fixed step, and none is set."""

    code = "ladder_needs_step"
    message = N_("The Ladder with a fixed step needs the step: set ladder_step, as 0.01.")


class LadderNeedsLossesError(UnprocessableError):
    """The Ladder without a step compares answers item by item, and the scores are not made so."""

    code = "ladder_needs_losses"
    message = N_(
        "Without a step the Ladder compares answers item by item, and the column that ranks, "
        "%(column)s, has no loss per item. Choose the Ladder with a fixed step."
    )


class BoardSignedOffError(ConflictError):
    """A judge has signed the board off; what would move ranks waits until that is lifted."""

    code = "board_signed_off"
    message = N_(
        "Board %(board)s of this problem is signed off. An organiser has to lift the sign-off"
        " before anything changes that moves ranks."
    )


class AlreadyRevealedError(ConflictError):
    """A reveal happens once."""

    code = "already_revealed"
    message = N_("This has been revealed already.")


class SeedNotSealedError(ConflictError):
    """The data of this revision came with the pack, so there is no seed."""

    code = "no_seed"
    message = N_("The data of this problem was not made from a seed.")


class ContestRunningError(ConflictError):
    """The seed stays sealed until every stage has ended and board B is shown."""

    code = "contest_running"
    message = N_("The seed can be revealed once all stages have closed and board B is revealed.")


class SlugTakenError(ConflictError):
    """A pack of another contest has this slug."""

    code = "slug_taken"
    message = N_("The problem “%(slug)s” belongs to another contest.")


class CloneNameTakenError(ConflictError):
    """A clone needs a name of its own."""

    code = "clone_name_taken"
    message = N_("There is a problem “%(slug)s” already.")


class OtherProblemError(ConflictError):
    """The pack for a re-score is of another problem."""

    code = "other_problem"
    message = N_("This is a pack of “%(found)s”, and “%(slug)s” is to be re-scored.")


class NotARescoreError(ConflictError):
    """The pack for a re-score changes more than a re-score may."""

    code = "not_a_rescore"
    message = N_(
        "A re-score may change the truth, the metrics and the scorer. What is handed in and the "
        "boards must stay as they are; publish the pack as a new revision instead."
    )


class NotAZipError(UnprocessableError):
    """The upload is not an archive that can be unpacked safely."""

    code = "invalid_upload"
    message = N_("The pack was refused: it must be a zip of a problem pack's folder.")


class PublicationLostError(ConflictError):
    """Another worker took this publication over; this one must write nothing."""

    code = "publication_lost"
    message = N_("Another worker has taken this over.")


class ProblemArchivedError(ConflictError):
    """The problem is over: it is read and nothing else."""

    code = "problem_archived"
    message = N_("“%(slug)s” is archived: it can be read, and nothing about it changes any more.")


class AreaNotInContestError(ConflictError):
    """The contest is about other areas."""

    code = "area_not_in_contest"
    message = N_("The contest “%(contest)s” has no problems of the area “%(area)s”: %(allowed)s.")


class TwinRunningError(ConflictError):
    """A clone with the same hidden data still runs."""

    code = "twin_running"
    message = N_(
        "Another problem has the same hidden data and has not ended. Its seed would be revealed"
        " with this one."
    )


class StatementChangedError(ConflictError):
    """Another revision came into force while the statement was being edited."""

    code = "statement_changed"
    message = N_(
        "Revision %(number)s came into force while you were editing. What you wrote is below and"
        " is not saved yet; what changed meanwhile is shown with it. Bring the two together and"
        " save again."
    )


class NothingChangedError(ConflictError):
    """What is to be saved is what is there."""

    code = "nothing_changed"
    message = N_("Nothing was changed, so there is nothing to save.")
