"""The one word for each state, verdict and area, used by lists, pages, mail and exports alike."""

from dataclasses import dataclass
from typing import Final

from app.core.i18n import N_

STATES: Final = {
    "queued": N_("queued"),
    "running": N_("running"),
    "scoring": N_("scoring"),
    "scored": N_("scored"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
    # publications
    "checking": N_("checking"),
    "published": N_("published"),
    "refused": N_("refused"),
    # re-scores
    "staged": N_("staged"),
    "ready": N_("ready to publish"),
    # acts on many submissions
    "weighing": N_("being worked out"),
    "planned": N_("waits for confirmation"),
    "under_way": N_("under way"),
    "done": N_("done"),
    "stopped": N_("stopped"),
    # stages
    "upcoming": N_("not yet open"),
    "open": N_("open"),
    "closed": N_("closed"),
}


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """A verdict as a title, as a sentence on what happened, and as one on what to do."""

    name: str
    happened: str
    advice: str


VERDICTS: Final = {
    "invalid_output": VerdictWords(
        N_("invalid answer"),
        N_("The answer was read and could not be accepted."),
        N_("Correct what is named below and submit again."),
    ),
    "missing_output": VerdictWords(
        N_("no answer file"),
        N_("The code ended without writing the answer file."),
        N_("Write the file the problem names into the folder in OUTPUT_DIR."),
    ),
    "runtime_error": VerdictWords(
        N_("runtime error"),
        N_("The code ended with an error."),
        N_("The last lines of the log name the error and where it happened."),
    ),
    "time_limit": VerdictWords(
        N_("time limit"),
        N_("The code did not finish within the time limit and was stopped."),
        N_("Do less work per item, or read TIME_LIMIT_S and stop in time."),
    ),
    "memory_limit": VerdictWords(
        N_("memory limit"),
        N_("The code used more memory than allowed and was stopped."),
        N_("Process the data in parts, or keep smaller copies of it."),
    ),
    "output_limit": VerdictWords(
        N_("output limit"),
        N_("The code wrote more output or log than allowed."),
        N_("Write the answer file alone, and print less."),
    ),
    "process_limit": VerdictWords(
        N_("process limit"),
        N_("The code started more processes or threads than allowed."),
        N_("Limit the number of workers to the CPUS you are given."),
    ),
    "invalid_scores": VerdictWords(
        N_("invalid scores"),
        N_("The scorer did not return a finite number for every column."),
        N_("The organisers can see the details and have it evaluated again."),
    ),
    "scorer_error": VerdictWords(
        N_("scorer error"),
        N_("The scorer of this problem failed on the answer."),
        N_("The organisers can see the details and have it evaluated again."),
    ),
    "system_error": VerdictWords(
        N_("system error"),
        N_("The platform failed three times to evaluate this submission."),
        N_("It does not count towards your daily limit. You may submit it again."),
    ),
}

AREAS: Final = {
    "quality-inspection": N_("Quality inspection"),
    "logistics": N_("Logistics"),
    "supply-chain": N_("Supply chain"),
    "maintenance": N_("Maintenance"),
    "design": N_("Design"),
}

ROLES: Final = {
    "participant": N_("Participant"),
    "judge": N_("Judge"),
    "organiser": N_("Organiser"),
    "admin": N_("Administrator"),
}

STATUS_TITLES: Final = {
    400: N_("The request is wrong"),
    401: N_("Not signed in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("Not possible here"),
    409: N_("Not possible now"),
    413: N_("Too large"),
    415: N_("Unknown kind of content"),
    416: N_("No such range"),
    422: N_("Refused"),
    429: N_("Too many requests"),
    500: N_("Something went wrong on our side"),
    503: N_("Not available at the moment"),
}
"""Short names of HTTP statuses, for problem documents and error pages."""
