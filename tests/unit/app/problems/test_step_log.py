import threading
from datetime import timedelta

import pytest

from app.problems.heartbeat import Heartbeat
from app.problems.step_log import STEP_NAMES, StepLog, report_lines
from problems.issues import PackIssue
from problems.report import STEPS, Finding, Level, StepReport
from sandbox.archive import ArchiveCode, ArchiveError
from tests.fakes.ports import FrozenClock
from trial.archive_messages import ArchiveMessage


def test_steps_follow_one_another_with_their_times(clock: FrozenClock) -> None:
    shown: list[list[tuple[str, bool | None]]] = []

    def show(steps: object) -> None:
        assert isinstance(steps, list)
        shown.append([(step["name"], step["ok"]) for step in steps])

    log = StepLog(show, clock.now)
    log.begin("unpack")
    clock.tick(timedelta(seconds=2))
    log.begin("structure")
    log.say({"en": "fine", "zh-Hans": "好"})
    steps = log.ended(ok=False)
    assert shown == [[("unpack", None)], [("unpack", True), ("structure", None)]]
    assert steps[0]["seconds"] == 2
    assert steps[1] == {
        "name": "structure",
        "seconds": 0,
        "ok": False,
        "messages": {"en": ["fine"], "zh-Hans": ["好"]},
        "lines": [],
    }
    assert log.ended(ok=True)[1]["ok"] is False


@pytest.mark.parametrize(
    ("name", "level", "following"),
    [
        ("structure", Level.NOTE, "data"),
        ("structure", Level.ERROR, None),
        ("leaks", Level.ERROR, "sample"),
        ("baseline", Level.NOTE, None),
    ],
)
def test_a_check_starts_the_next_one_unless_it_ends_there(
    clock: FrozenClock, name: str, level: Level, following: str | None
) -> None:
    log = StepLog(lambda _steps: None, clock.now)
    log.begin(name)
    log.note_check(StepReport(name, 1.0, (Finding(level, "details", {"what": "so"}),)))
    steps = log.ended(ok=True)
    assert [step["name"] for step in steps] == [name, *([following] if following else [])]
    assert steps[0]["ok"] == (level is not Level.ERROR)
    assert steps[0]["messages"]["zh-Hans"] == ["so"]


def test_messages_are_bounded(clock: FrozenClock) -> None:
    log = StepLog(lambda _steps: None, clock.now)
    log.begin("leaks")
    log.say(*({"en": str(number)} for number in range(60)))
    assert len(log.ended(ok=False)[0]["messages"]["en"]) == 50


def test_every_step_has_a_name_in_both_languages() -> None:
    assert set(STEPS) < set(STEP_NAMES)
    assert all(set(names) == {"zh-Hans", "en"} for names in STEP_NAMES.values())


@pytest.mark.parametrize("code", ArchiveCode)
def test_every_refusal_of_an_archive_has_words(code: ArchiveCode) -> None:
    params: dict[str, str | int] = {
        "bytes": 1,
        "limit": 2,
        "count": 3,
        "method": 9,
    }
    message = ArchiveMessage(ArchiveError(code, "a/b", params))
    assert message.render("zh-Hant") != message.render("en")


def test_a_heart_beats_until_the_claim_is_lost() -> None:
    beats: list[int] = []
    lost = threading.Event()

    def renew() -> bool:
        beats.append(1)
        if len(beats) == 1:
            message = "database away"
            raise RuntimeError(message)
        if len(beats) == 3:
            lost.set()
        return len(beats) < 3

    with Heartbeat(renew, interval=0.001):
        assert lost.wait(5)
    assert len(beats) == 3


def test_a_fault_is_kept_with_its_place_and_what_to_do() -> None:
    issue = PackIssue("problem.yaml", 3, "licens", "unknown_key", {"allowed": "licence"}, 1)
    nested = Finding(Level.ERROR, "details", {"what": ""}, (issue,))
    note = Finding(Level.NOTE, "generated", {"files": 2, "bytes": 9})
    first, second = report_lines([nested, note], 50)
    assert (first["file"], first["line"], first["column"]) == ("problem.yaml", 3, 1)
    assert first["text"]["en"] == "unknown key; allowed are licence"
    assert first["advice"]["zh-Hans"] == "请删去该键，或改为允许的键。"
    assert (second["level"], second["advice"]) == ("note", {})
    assert len(report_lines([nested] * 9, 4)) == 4
