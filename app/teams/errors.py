"""How changing a team can be refused."""

from app.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.core.i18n import N_


class TeamNotFoundError(NotFoundError):
    """No such team, or not one the actor may know of."""

    code = "team_not_found"
    message = N_("There is no such team, or you may not see it.")


class UnknownInviteCodeError(InvalidError):
    """No team of this problem has that invite code."""

    code = "unknown_invite_code"
    message = N_("No team of this problem has this invite code.")


class StaffCannotCompeteError(ForbiddenError):
    """Judges, organisers and administrators are in no team."""

    code = "staff_cannot_compete"
    message = N_("Judges and organisers cannot be in a team.")


class NotCaptainError(ForbiddenError):
    """Only the captain may do this."""

    code = "not_captain"
    message = N_("Only the captain of the team may do this.")


class TeamsLockedError(ConflictError):
    """Stage A of the problem has closed."""

    code = "teams_locked"
    message = N_("Teams cannot change any more: stage A of this problem has closed.")


class AlreadyInTeamError(ConflictError):
    """One person is in one team of a problem."""

    code = "already_in_team"
    message = N_("You are already in a team of this problem. Leave it first.")


class TeamFullError(ConflictError):
    """The team has as many members as the problem allows."""

    code = "team_full"
    message = N_("The team is full: this problem allows %(limit)s people.")


class TeamNameTakenError(ConflictError):
    """Another team of the problem has the name."""

    code = "team_name_taken"
    message = N_("Another team of this problem is already called %(name)s.")


class CaptainLeavesError(ConflictError):
    """A captain hands the team over before leaving it."""

    code = "captain_leaves"
    message = N_("Hand the team over to another member before you leave.")


class LastMemberError(ConflictError):
    """What a team has submitted stays with it, so its last member stays too."""

    code = "last_member"
    message = N_("Your team has submissions and you are its last member, so you cannot leave it.")


class TeamNotApprovedError(ForbiddenError):
    """The contest approves its teams, and this one waits, or is not founded yet."""

    code = "team_not_approved"
    message = N_(
        "The organisers of this contest approve a team before it submits. Yours waits for that; if"
        " you are in no team yet, found or join one on the page “My team” first."
    )


class ReasonMissingError(InvalidError):
    """What organisers do to a team against its will has a reason."""

    code = "reason_missing"
    message = N_("Please give a reason: it is kept in the audit log.")


class OtherProblemTeamError(ConflictError):
    """People are moved between two teams of one problem."""

    code = "other_problem_team"
    message = N_("A person is moved to another team of the same problem.")


class LastMemberMovesError(ConflictError):
    """What a team has submitted stays with it, so its last member stays too."""

    code = "last_member_moves"
    message = N_("This team has submissions and would be left without anybody.")


class InvitationNotFoundError(NotFoundError):
    """There is none of that number, or it is somebody else's."""

    code = "invitation_not_found"
    message = N_("This invitation is not there any more.")


class TooManyInvitationsError(ConflictError):
    """A team has invited many who have not answered."""

    code = "too_many_invitations"
    message = N_("At most %(limit)s invitations may be open. Take one back first.")


class AffiliationError(InvalidError):
    """A school or company is named in one short line."""

    code = "affiliation"
    message = N_("A school or company is named with at most %(limit)s characters, in one line.")
