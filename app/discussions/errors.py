"""Why something in a discussion cannot be done."""

from app.core.errors import ConflictError, InvalidError, LimitedError, NotFoundError
from app.core.i18n import N_


class ThreadNotFoundError(NotFoundError):
    """There is no such thread or post in this problem."""

    code = "thread_not_found"
    message = N_("There is no such discussion here.")


class EmptyPostError(InvalidError):
    """A post without text, a thread without a title, or one that is too long."""

    code = "empty_post"
    message = N_("A title of at most 120 characters and a text of at most 10,000 are needed.")


class ReasonMissingError(InvalidError):
    """Something is to be hidden without a word why."""

    code = "reason_missing"
    message = N_("Please say why: the author and everybody else will read it.")


class TooManyPostsError(LimitedError):
    """Somebody has written a lot in the last minutes."""

    code = "too_many_posts"
    message = N_("You have written a lot in the last minutes. Please wait a little.")


class HiddenPostError(ConflictError):
    """What organisers have hidden answers nothing."""

    code = "hidden_post"
    message = N_("This post is hidden, so it cannot be marked as the answer.")


class HiddenThreadError(ConflictError):
    """The discussion's first post, and with it its title, is hidden."""

    code = "hidden_thread"
    message = N_("The organisers have hidden this discussion; nobody can write in it.")
