"""How an evaluation can end, as values: what the pipeline hands to the one place that records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.evaluations.models import State, Verdict
from app.problems.models import Board
from app.submissions.models import Kind
from sandbox import RunResult
from scoring import Message, ScoreResult

MOST_MESSAGES: Final = 20
_BESIDES: Final = 2
"""How the file was read, and how many more faults it has."""
LOCALES: Final = ("zh-Hans", "en")


@dataclass(frozen=True, slots=True)
class KeptLog:
    """The whole log of a run: its length as clean text, and the blob that holds it, if one does."""

    size: int
    blob: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt. `messages` are for the team, `detail` is for organisers.

    Where the attempt went well the messages are notes, such as how the answer was read.
    """

    state: State
    verdict: Verdict | None = None
    messages: tuple[Message, ...] = ()
    detail: str = ""
    results: Mapping[Board, ScoreResult] = field(default_factory=dict)
    run: RunResult | None = None
    log: "KeptLog | None" = None
    answer_blob: str | None = None
    """The answer of a code run, where it was kept."""
    tokens: int | None = None
    """What the run reported, where a column shows that."""
    excerpt: tuple[tuple[int, str], ...] = ()
    """The numbered lines of code around where it failed."""

    def rendered(self) -> list[dict[str, object]]:
        """Return the messages as stored: every language at once, the line where there is one."""
        return [
            {**{locale: message.render(locale) for locale in LOCALES}, "line": message.line}
            for message in self.messages[: MOST_MESSAGES + _BESIDES]
        ]

    def cases(self) -> dict[str, object] | None:
        """Return the cases as stored, by board; None where there are none."""
        found: dict[str, object] = {
            board.value: [dict(case) for case in result.cases]
            for board, result in self.results.items()
            if result.cases
        }
        return found or None

    def pictures(self) -> dict[str, object] | None:
        """Return what is drawn of the answer as stored, by board; None where that is nothing."""
        found: dict[str, object] = {
            board.value: dict(result.picture)
            for board, result in self.results.items()
            if result.picture is not None
        }
        return found or None


def is_free_of_charge(outcome: Outcome, kind: Kind) -> bool:
    """Tell whether the quota slot is given back: cancelled, our fault, or the organiser's.

    A predictions file that only the scorer could refuse is treated like one refused at upload; a
    code run that wrote a wrong answer has used the machine.
    """
    if outcome.state is State.CANCELLED:
        return True
    if outcome.verdict in {Verdict.SYSTEM_ERROR, Verdict.SCORER_ERROR}:
        return True
    return outcome.verdict is Verdict.INVALID_OUTPUT and kind is Kind.PREDICTIONS
