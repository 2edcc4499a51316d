"""Why two teams cannot become one."""

from app.core.errors import ConflictError, NotFoundError
from app.core.i18n import N_


class MergingClosedError(ConflictError):
    """The rules or the time do not allow it."""

    code = "merging_closed"
    message = N_("Teams of this problem cannot merge, or cannot any more.")


class MergePartnerError(NotFoundError):
    """There is no other team of that name."""

    code = "merge_partner"
    message = N_("No other team of this problem has this name.")


class MergeRequestNotFoundError(NotFoundError):
    """There is none of that number, or it is between other teams."""

    code = "merge_request_not_found"
    message = N_("This request is not there any more.")


class TooManyMergeRequestsError(ConflictError):
    """A team asks many at once."""

    code = "too_many_merge_requests"
    message = N_("At most %(limit)s requests may be open. Take one back first.")


class MergedTeamTooLargeError(ConflictError):
    """Together they have more members than the problem allows."""

    code = "merged_team_too_large"
    message = N_("Together you would be %(count)s people; this problem allows %(limit)s.")


class MergedQuotaError(ConflictError):
    """Together they have submitted more than one team could have."""

    code = "merged_quota"
    message = N_(
        "Together you have made %(count)s submissions; one team could have made %(limit)s so far."
    )


class MergeDivisionError(ConflictError):
    """They compete in different divisions, or one of them does not compete."""

    code = "merge_division"
    message = N_("Teams merge only within one division, and only while both compete.")


class MergeChoicesError(ConflictError):
    """Together they have chosen more submissions than a team may."""

    code = "merge_choices"
    message = N_(
        "Together you have chosen %(count)s submissions to count, and %(limit)s are allowed."
        " Take some back first."
    )
