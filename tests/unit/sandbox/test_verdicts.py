import signal

import pytest

from sandbox.collect import Collection
from sandbox.types import Limits, Verdict
from sandbox.verdicts import Ending, decide

LIMITS = Limits(wall_s=2.5, memory_bytes=100, output_bytes=10, processes=5)
GOOD = Collection(kept={"a.csv": 1}, bytes=1, entries=1)


@pytest.mark.parametrize(
    ("ending", "collection", "verdict", "message"),
    [
        (Ending(0), GOOD, None, ""),
        (Ending(None, cancelled=True, timed_out=True), Collection(), None, "cancelled"),
        (Ending(7), GOOD, Verdict.RUNTIME_ERROR, "exit status 7"),
        (Ending(0, out_of_memory=True), GOOD, Verdict.MEMORY_LIMIT, "more than 100 bytes"),
        (
            Ending(137, timed_out=True, out_of_memory=True),
            GOOD,
            Verdict.MEMORY_LIMIT,
            "more than 100 bytes",
        ),
        (Ending(137, timed_out=True), GOOD, Verdict.TIME_LIMIT, "more than 2.5 s"),
        (Ending(137, flooded=True), GOOD, Verdict.OUTPUT_LIMIT, "log above 16777216 bytes"),
        (Ending(1, out_of_processes=True), GOOD, Verdict.PROCESS_LIMIT, "5 processes"),
        (Ending(137, out_of_output=True), GOOD, Verdict.OUTPUT_LIMIT, "more than 10 bytes"),
        (
            Ending(1),
            Collection(over="more than 10 bytes"),
            Verdict.OUTPUT_LIMIT,
            "more than 10 bytes",
        ),
        (
            Ending(128 + signal.SIGXFSZ),
            Collection(),
            Verdict.OUTPUT_LIMIT,
            "a file larger than allowed",
        ),
        (Ending(0), Collection(), Verdict.MISSING_OUTPUT, "a.csv was not written"),
        (
            Ending(0),
            Collection(refused={"a.csv": "is a FIFO"}),
            Verdict.INVALID_OUTPUT,
            "a.csv is a FIFO",
        ),
        (Ending(1), Collection(refused={"a.csv": "is a FIFO"}), Verdict.RUNTIME_ERROR, None),
    ],
)
def test_precedence(
    ending: Ending, collection: Collection, verdict: Verdict | None, message: str | None
) -> None:
    found, text = decide(ending, LIMITS, collection, ("a.csv",))
    assert found is verdict
    assert message is None or text == message


def test_without_names_nothing_is_missing() -> None:
    assert decide(Ending(0), LIMITS, Collection(), None) == (None, "")
