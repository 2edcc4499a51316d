"""Why something about a contest cannot be done."""

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.i18n import N_


class EmptyAnnouncementError(InvalidError):
    """An announcement without a title or without a text."""

    code = "empty_announcement"
    message = N_("An announcement needs a title of at most 120 characters and a text.")


class AnnouncementNotFoundError(NotFoundError):
    """There is no announcement of that number."""

    code = "announcement_not_found"
    message = N_("There is no announcement %(number)s.")


class AlreadyCorrectedError(ConflictError):
    """Whoever corrects an announcement corrects its newest correction."""

    code = "already_corrected"
    message = N_("This announcement was corrected by number %(number)s; correct that one.")


class ContestNotFoundError(NotFoundError):
    """No such contest."""

    code = "contest_not_found"
    message = N_("There is no contest “%(slug)s”.")


class ContestSlugError(InvalidError):
    """The name in addresses has other characters than it may have."""

    code = "contest_slug"
    message = N_("A name in addresses has 3 to 64 characters: a–z, 0–9 and dashes.")


class ContestSlugTakenError(ConflictError):
    """Another contest has the name in addresses."""

    code = "contest_slug_taken"
    message = N_("There is already a contest “%(slug)s”.")


class ContestTitleError(InvalidError):
    """A title is missing or too long in one of the languages."""

    code = "contest_title"
    message = N_("A contest needs a title of at most 120 characters in both languages.")


class ContestTextError(InvalidError):
    """A description or the terms are too long."""

    code = "contest_text"
    message = N_("This text is longer than %(limit)s characters.")


class ContestTimeError(InvalidError):
    """What was typed is no time."""

    code = "contest_time"
    message = N_("“%(value)s” is not a time. Write it as 2026-06-30 17:00, in Beijing time.")


class ContestOrderError(InvalidError):
    """Something would end before it begins."""

    code = "contest_order"
    message = N_("This would end before it begins.")


class ContestChangedError(ConflictError):
    """Somebody else saved the contest while it was being edited here."""

    code = "contest_changed"
    message = N_(
        "Somebody saved this contest while you were editing it. What you wrote is below and is"
        " not saved yet; what is saved now stands beside it. Save again to replace it."
    )


class ContestArchivedError(ConflictError):
    """The contest is over: nothing new comes into it."""

    code = "contest_archived"
    message = N_("The contest “%(slug)s” is archived: nothing in it changes any more.")
