"""A team's choices over HTTP."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint
from pydantic import Field

from app.accounts.identity import get_actor
from app.core.api import Operation, Output, endpoint
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.i18n import N_
from app.core.web import API_PREFIX, Access, access
from app.evaluations.choosing import choose, is_choice_open, take_back
from app.standings.queries import list_choices
from app.submissions.policy import can_choose_submission
from app.submissions.queries import get_submission, list_team_ids

blueprint: Final = Blueprint("choices_api", __name__, url_prefix=f"{API_PREFIX}/submissions")
_REFUSALS: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT)


class ChoicesOutput(Output):
    """What a team has chosen to count."""

    chosen: list[str] = Field(description="Ids of submissions, the oldest choice first.")
    limit: int = Field(description="How many may be chosen.")
    open: bool = Field(description="Whether choices may still change.")


@blueprint.post("/<int:submission_id>/choice")
@endpoint(
    Operation(
        summary=N_("Choose a submission to count in the end"),
        returns=ChoicesOutput,
        errors=_REFUSALS,
    )
)
@access(Access.MEMBER)
def create(submission_id: int) -> ChoicesOutput:
    """Choose; a repeat changes nothing."""
    return _act(submission_id, chosen=True)


@blueprint.delete("/<int:submission_id>/choice")
@endpoint(Operation(summary=N_("Take a choice back"), returns=ChoicesOutput, errors=_REFUSALS))
@access(Access.MEMBER)
def remove(submission_id: int) -> ChoicesOutput:
    """Take the choice back; a repeat changes nothing."""
    return _act(submission_id, chosen=False)


def _act(submission_id: int, *, chosen: bool) -> ChoicesOutput:
    actor, port = get_actor(), platform()
    now = port.clock.now()
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        if not can_choose_submission(actor, submission, list_team_ids(session, actor)):
            raise ForbiddenError
        (choose if chosen else take_back)(session, submission, now=now)
        problem, team_id = submission.problem, submission.team_id
        return ChoicesOutput(
            chosen=[] if team_id is None else [str(one) for one in list_choices(session, team_id)],
            limit=problem.rules.most_choices,
            open=is_choice_open(problem, now),
        )
