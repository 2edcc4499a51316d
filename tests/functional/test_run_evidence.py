"""What a team reads of its run, on the page and through the API; and nothing of a hidden one."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.platform import Platform
from app.evaluations.models import Evaluation, LogChunk, State, Verdict
from app.evaluations.run_details import pack_details
from app.problems.models import Board, Problem
from app.submissions.models import Kind, Submission
from sandbox import Verdict as RunVerdict
from sandbox.types import Excess, LimitKind, OutputFile, ProgramError, UsageSample
from tests.factories.submissions import make_evaluation
from tests.fakes.ports import finished
from tests.functional.world import World

pytestmark = pytest.mark.functional
SECRET = "only-on-b"
EXCERPT = ((30, "def predict():"), (31, "    return <b>rows</b>"))


@pytest.fixture
def world(app: Flask, platform: Platform, tmp_path: Path) -> World:
    return World(app, platform, tmp_path)


def details(mark: str) -> dict[str, Any]:
    return pack_details(
        finished(
            verdict=RunVerdict.MEMORY_LIMIT,
            signal="SIGKILL",
            excess=Excess(
                LimitKind.MEMORY, 2 << 30, 1 << 30, 14.2, f"{mark}() in model.py, line 31"
            ),
            error=ProgramError("MemoryError", f"{mark} <i>", "model.py", 31, mark),
            files=(OutputFile(f"{mark}.csv", 3, kept=True),),
            samples=tuple(UsageSample(at / 2, at / 4, at << 20) for at in range(9)),
            phases={"prepare": 0.5, "run": 14.2},
        ),
        EXCERPT,
    )


def fail(session: Session, evaluation: Evaluation, mark: str) -> None:
    evaluation.state, evaluation.verdict = State.FAILED, Verdict.MEMORY_LIMIT
    evaluation.finished_at = evaluation.queued_at
    evaluation.messages = [{"zh-Hans": f"{mark}：内存", "en": f"{mark}: memory", "line": None}]
    evaluation.wall_s, evaluation.exit_code = 14.2, 137
    evaluation.run_details = details(mark)
    evaluation.log_bytes = 77
    session.add(
        LogChunk(evaluation_id=evaluation.id, attempt=0, start=100, size=9, text=f"{mark}\n"[:9])
    )


def break_both_runs(world: World) -> None:
    with world.database.transaction() as session:
        submission = session.get_one(Submission, world.scored)
        own = session.scalars(
            select(Evaluation).where(Evaluation.submission_id == submission.id)
        ).one()
        fail(session, own, "own")
        hidden = make_evaluation(session, submission=submission, board=Board.B)
        assert submission.kind is Kind.CODE
        fail(session, hidden, SECRET)


def test_a_failed_run_is_explained_on_its_page(world: World) -> None:
    break_both_runs(world)
    page = world.client("member").get(f"/submissions/{world.scored}?lang=en").text
    for words in (
        "own: memory",
        "<code>model.py</code> line 31",
        "return &lt;b&gt;rows&lt;/b&gt;",
        "place__here",
        "ended by SIGKILL",
        "own.csv",
        "Memory over",
        "Phases of the run",
        "download=1",
    ):
        assert words in page, words
    assert "<b>rows" not in page


def test_through_the_api_too(world: World) -> None:
    break_both_runs(world)
    run = world.knock("member", "GET", f"/api/v1/submissions/{world.scored}", {}).get_json()["run"]
    assert run["excess"] == {
        "kind": "memory",
        "used": 2 << 30,
        "allowed": 1 << 30,
        "after_s": 14.2,
        "where": "own() in model.py, line 31",
    }
    assert (run["error"]["file"], run["error"]["line"]) == ("model.py", 31)
    assert run["files"] == [{"name": "own.csv", "bytes": 3, "kept": True, "reason": ""}]
    assert (run["signal"], run["phases"]) == ("SIGKILL", {"prepare": 0.5, "run": 14.2})


def addresses(world: World) -> list[str]:
    page = f"/submissions/{world.scored}"
    tails = ("", "/log", "/log?board=B", "/log?board=B&offset=0", "/log?board=B&download=1")
    api = ("", "/log", "/log?board=B", "/log.txt", "/log.txt?board=B")
    return [
        *(f"{page}{tail}" for tail in tails),
        f"{page}?board=B",
        f"{page}/status.json",
        *(f"/api/v1{page}{tail}" for tail in api),
        "/submissions",
        "/api/v1/submissions",
    ]


def test_nothing_of_a_run_on_a_hidden_board_is_told(world: World) -> None:
    break_both_runs(world)

    def told(role: str) -> set[str]:
        found = set()
        for path in addresses(world):
            answer = world.knock(role, "GET", path, {})
            if SECRET in answer.text or "only-on-" in answer.text:
                found.add(path)
            answer.close()
        return found

    for role in ("visitor", "stranger", "member", "captain"):
        assert told(role) == set(), role
    page = f"/submissions/{world.scored}"
    assert told("judge") >= {page, f"{page}/log?board=B", f"/api/v1{page}/log.txt?board=B"}
    with world.database.transaction() as session:
        session.scalars(select(Problem)).one().b_revealed_at = world.platform.clock.now()
    assert told("member") >= {page, f"{page}/log?board=B", f"/api/v1{page}/log.txt?board=B"}
    assert told("stranger") == set()


def test_the_log_is_saved_under_a_name_of_its_own(world: World) -> None:
    answer = world.client("member").get(f"/submissions/{world.scored}/log?download=1")
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=submission-{world.scored}-A.log"
    )
    assert answer.text == "training\n"
