"""An evaluation from claim to record, with a real database and blobs and a scripted sandbox."""

import io
import json
import zipfile
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.blobs import LocalBlobs
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.jobs import evaluate_next, evaluate_one, ring
from app.evaluations.logbook import read_log
from app.evaluations.models import Evaluation, EvaluationEvent, LogChunk, State, Verdict
from app.evaluations.operations import queue_evaluation, rerun
from app.evaluations.shadow_places import measured_facts
from app.evaluations.sweeping import sweep
from app.problems.models import Board, BoardData, Problem, Revision
from app.settings import Settings
from app.submissions.models import Kind, QuotaSlot, Submission
from sandbox import Run, RunResult
from sandbox import Verdict as RunVerdict
from sandbox.types import GpuUse
from tests.factories import make_problem, make_submission, make_user
from tests.factories.problems import SPEC
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox, finished
from trial.running import measure_facts

TRUTHS = {Board.A: {"a1": "ok", "a2": "open"}, Board.B: {"b1": "ok", "b2": "open"}}
PERFECT = "id,label\nb2,open\na1,ok\na2,open\nb1,ok\n"


def zipped(files: dict[str, str]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    packed.seek(0)
    return packed


def put(blobs: LocalBlobs, files: dict[str, str]) -> str:
    return blobs.put(zipped(files)).digest


def as_csv(rows: dict[str, str]) -> str:
    return "id,label\n" + "".join(f"{key},{label}\n" for key, label in rows.items())


class Story:
    """One problem with real data, and what the tests do to it."""

    def __init__(self, platform: Platform, settings: Settings, blobs: LocalBlobs) -> None:
        self.platform, self.settings, self.blobs = platform, settings, blobs
        self.database = platform.database

    def publish(self, spec: dict[str, Any], pack: dict[str, str] | None = None) -> None:
        with self.database.transaction() as session:
            problem = make_problem(session, slug="story", spec=spec)
            revision = session.scalars(select(Revision)).one()
            revision.pack_blob = put(self.blobs, pack or {"problem.yaml": ""})
            for data in session.scalars(select(BoardData)):
                data.truth_blob = put(self.blobs, {"truth.csv": as_csv(TRUTHS[data.board])})
                data.input_blob = put(self.blobs, {"test.csv": f"id\n{data.board}\n"})
            assert problem.revision_number == revision.number

    def hand_in(self, content: io.BytesIO, kind: Kind = Kind.PREDICTIONS) -> int:
        with self.database.transaction() as session:
            problem = session.scalars(select(Problem)).one()
            blob = self.blobs.put(content)
            submission = make_submission(
                session, problem=problem, kind=kind, blob=blob.digest, size=blob.size
            )
            assert submission.team_id is not None
            session.add(
                QuotaSlot(
                    problem_id=problem.id,
                    team_id=submission.team_id,
                    day=submission.created_at.date(),
                    ordinal=submission.id,
                    submission_id=submission.id,
                )
            )
            return submission.id

    def code(self, files: dict[str, str] | None = None) -> int:
        return self.hand_in(zipped(files or {"main.py": "print(1)"}), Kind.CODE)

    def work(self) -> bool:
        return evaluate_one(self.platform, self.settings, "cpu", "worker")

    def evaluation(self, submission: int, board: Board = Board.A) -> Evaluation:
        with self.database.reading() as session:
            found = session.scalars(
                select(Evaluation).where(
                    Evaluation.submission_id == submission,
                    Evaluation.is_current,
                    Evaluation.board == board,
                )
            ).one()
            assert found.scores is not None
            return found

    def is_charged(self, submission: int) -> bool:
        with self.database.reading() as session:
            return (
                session.scalar(select(QuotaSlot.id).where(QuotaSlot.submission_id == submission))
                is not None
            )


@pytest.fixture
def story(platform: Platform, settings: Settings, blobs: LocalBlobs) -> Story:
    told = Story(platform, settings, blobs)
    told.publish(deepcopy(SPEC))
    return told


@pytest.fixture
def answering(sandbox: ScriptedSandbox) -> Callable[[str], None]:
    """Let the run write an answer."""

    def answer(text: str) -> None:
        def act(run: Run) -> RunResult:
            assert run.input is not None
            assert (run.input / "test.csv").exists()
            assert not (run.code / "truth.csv").exists()
            (run.output / "predictions.csv").write_text(text)
            return finished(log="training\ndone\n", exit_code=0)

        sandbox.act = act

    return answer


def scores(evaluation: Evaluation) -> dict[tuple[str, str], float]:
    return {(score.board.value, score.key): score.value for score in evaluation.scores}


def test_one_answer_is_scored_on_both_boards(story: Story) -> None:
    submission = story.hand_in(io.BytesIO(PERFECT.encode()))
    assert story.work()
    evaluation = story.evaluation(submission)
    assert evaluation.state is State.SCORED
    assert scores(evaluation) == {
        (board, key): 1.0 for board in "AB" for key in ("macro_f1", "accuracy")
    }
    assert evaluation.losses_blob is not None
    assert story.is_charged(submission)
    assert not story.work()


def test_an_answer_in_gb18030_is_scored_and_says_so(story: Story) -> None:
    submission = story.hand_in(io.BytesIO(("\ufeff" + PERFECT).encode("gb18030")))
    assert story.work()
    evaluation = story.evaluation(submission)
    assert set(scores(evaluation).values()) == {1.0}
    (note,) = evaluation.messages
    assert "GB18030" in note["zh-Hans"]
    assert "GB18030" in note["en"]


def test_code_runs_and_its_answer_is_scored(
    story: Story, answering: Callable[[str], None], sandbox: ScriptedSandbox
) -> None:
    answering(PERFECT)
    submission = story.code()
    assert story.work()
    evaluation = story.evaluation(submission)
    assert (evaluation.state, evaluation.exit_code) == (State.SCORED, 0)
    assert evaluation.backend == "scripted"
    with story.database.reading() as session:
        steps = session.scalars(select(EvaluationEvent.state).order_by(EvaluationEvent.id)).all()
        piece = read_log(session, evaluation, 0)
    assert steps == [State.RUNNING, State.SCORING, State.SCORED]
    assert (piece.text, piece.done) == ("training\ndone\n", True)
    run = sandbox.runs[0]
    assert run.command == ("python", "main.py")
    assert run.owner == f"test/{evaluation.id}/1"
    assert (run.limits.wall_s, run.limits.memory_bytes) == (60, 1 << 30)
    assert not list((story.platform.cache / "work").iterdir())


@pytest.mark.parametrize("verdict", list(RunVerdict))
def test_what_the_run_did_wrong_is_its_verdict_and_is_charged(
    story: Story, sandbox: ScriptedSandbox, verdict: RunVerdict
) -> None:
    sandbox.act = lambda _run: finished(verdict=verdict, exit_code=1, message="fact")
    submission = story.code()
    story.work()
    evaluation = story.evaluation(submission)
    assert evaluation.state is State.FAILED
    assert evaluation.verdict == verdict.value
    assert evaluation.messages[0]["zh-Hans"]
    assert evaluation.messages[0]["en"]
    assert story.is_charged(submission)


def test_a_wrong_answer_of_a_run_names_its_lines(
    story: Story, answering: Callable[[str], None]
) -> None:
    answering("id,label\na1,ok\na2,shrt\nb1,ok\nb2,open\n")
    submission = story.code()
    story.work()
    evaluation = story.evaluation(submission)
    assert evaluation.verdict is Verdict.INVALID_OUTPUT
    assert evaluation.messages[0]["line"] == 3
    assert "shrt" in evaluation.messages[0]["en"]
    assert story.is_charged(submission)


def test_our_fault_is_tried_three_times_and_never_charged(
    story: Story, sandbox: ScriptedSandbox, clock: FrozenClock
) -> None:
    sandbox.broken = True
    submission = story.code()
    for attempt in (1, 2):
        assert story.work()
        evaluation = story.evaluation(submission)
        assert (evaluation.state, evaluation.attempt) == (State.QUEUED, attempt)
        assert not story.work(), "a retry waits its pause"
        clock.tick(timedelta(minutes=1))
    assert story.work()
    evaluation = story.evaluation(submission)
    assert (evaluation.state, evaluation.verdict) == (State.FAILED, Verdict.SYSTEM_ERROR)
    assert "engine unreachable" in evaluation.staff_message
    assert "engine" not in evaluation.messages[0]["en"]
    assert not story.is_charged(submission)


def test_a_fault_that_passes_leaves_a_score(
    story: Story, sandbox: ScriptedSandbox, answering: Callable[[str], None], clock: FrozenClock
) -> None:
    sandbox.broken = True
    answering(PERFECT)
    submission = story.code()
    story.work()
    sandbox.broken = False
    clock.tick(timedelta(minutes=1))
    story.work()
    evaluation = story.evaluation(submission)
    assert (evaluation.state, evaluation.attempt) == (State.SCORED, 2)


def test_a_cancelled_run_is_not_charged(story: Story, sandbox: ScriptedSandbox) -> None:
    sandbox.act = lambda _run: finished(cancelled=True, exit_code=None)
    submission = story.code()
    story.work()
    assert story.evaluation(submission).state is State.CANCELLED
    assert not story.is_charged(submission)


SCORER = {"scorer.py": "def score(output, truth): ..."}


@pytest.fixture
def custom(platform: Platform, settings: Settings, blobs: LocalBlobs) -> Story:
    spec = deepcopy(SPEC) | {"slug": "story"}
    spec["submission"] = {"kinds": ["predictions"], "file": "routes.json", "max_bytes": 1 << 20}
    spec["scoring"] = {
        "partition": "rows",
        "scorer": "scorer.py",
        "columns": [{"key": "cost", "direction": "min", "primary": True}],
    }
    told = Story(platform, settings, blobs)
    told.publish(spec, SCORER)
    return told


def scorer_says(sandbox: ScriptedSandbox, result: object, **changes: object) -> None:
    def act(run: Run) -> RunResult:
        assert {*run.mounts, *run.shared} == {"/answer", "/truth"}
        assert run.input is None
        assert [path.name for path in run.code.iterdir()] == ["scorer.py"]
        (run.output / "result.json").write_text(json.dumps(result))
        return finished(**changes)

    sandbox.act = act


def test_a_packs_scorer_scores_each_board_in_its_own_run(
    custom: Story, sandbox: ScriptedSandbox
) -> None:
    scorer_says(
        sandbox, {"status": "ok", "scores": {"cost": 12.5}, "cases": [{"id": "n1", "cost": 12.5}]}
    )
    submission = custom.hand_in(io.BytesIO(b"{}"))
    custom.work()
    evaluation = custom.evaluation(submission)
    assert evaluation.state is State.SCORED, evaluation.staff_message
    assert scores(evaluation) == {("A", "cost"): 12.5, ("B", "cost"): 12.5}
    assert evaluation.cases == {board: [{"id": "n1", "cost": 12.5}] for board in "AB"}
    assert len(sandbox.runs) == 2


def test_a_scorer_that_crashes_is_not_the_teams_fault(
    custom: Story, sandbox: ScriptedSandbox
) -> None:
    scorer_says(sandbox, {}, verdict=RunVerdict.RUNTIME_ERROR, log="KeyError: 'secret truth'")
    submission = custom.hand_in(io.BytesIO(b"{}"))
    custom.work()
    evaluation = custom.evaluation(submission)
    assert evaluation.verdict is Verdict.SCORER_ERROR
    assert "secret truth" in evaluation.staff_message
    assert "secret" not in json.dumps(evaluation.messages)
    assert not custom.is_charged(submission)


def test_a_score_that_is_no_number_is_never_ranked(custom: Story, sandbox: ScriptedSandbox) -> None:
    scorer_says(sandbox, {"status": "ok", "scores": {"cost": float("nan")}})
    submission = custom.hand_in(io.BytesIO(b"{}"))
    custom.work()
    evaluation = custom.evaluation(submission)
    assert evaluation.state is State.FAILED
    assert not evaluation.scores


def test_a_rerun_keeps_history_and_counts_anew(
    story: Story, answering: Callable[[str], None]
) -> None:
    answering(PERFECT)
    submission = story.code()
    story.work()
    with story.database.transaction() as session:
        one = session.get_one(Submission, submission)
        rerun(session, one, make_user(session), now=story.platform.clock.now())
    assert story.evaluation(submission).state is State.QUEUED
    story.work()
    with story.database.reading() as session:
        history = session.scalars(select(Evaluation).order_by(Evaluation.number)).all()
        assert [(one.number, one.is_current, one.state) for one in history] == [
            (1, False, State.SCORED),
            (2, True, State.SCORED),
        ]


def test_the_sweep_rings_for_what_redis_forgot(
    story: Story, queue: MemoryQueue, clock: FrozenClock
) -> None:
    story.hand_in(io.BytesIO(PERFECT.encode()))
    story.hand_in(io.BytesIO(PERFECT.encode()))
    assert sweep(story.platform).rung == 2
    assert sweep(story.platform).rung == 0, "it has rung already"
    queue.jobs.clear()
    assert sweep(story.platform).rung == 2
    assert queue.jobs[0] == ("cpu", evaluate_next.path, ("cpu",))


def test_ringing_waits_for_the_commit(database: Database, queue: MemoryQueue) -> None:
    with database.transaction() as session:
        submission = make_submission(session, problem=make_problem(session))
        ring(session, queue, session.scalars(select(Evaluation)).one())
        assert submission.id
        assert not queue.jobs
    assert len(queue.jobs) == 1


def make_sets(session: Session) -> Problem:
    spec = deepcopy(SPEC)
    spec["scoring"]["partition"] = "sets"
    return make_problem(session, spec=spec)


def test_code_runs_on_b_when_b_opens(
    database: Database, platform: Platform, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem = make_sets(session)
        scored = {"A": {"macro_f1": 0.5}}
        code = make_submission(session, problem=problem, kind=Kind.CODE, scores=scored)
        make_submission(session, problem=problem, scores=scored)
        make_submission(session, problem=problem, kind=Kind.CODE, state=State.QUEUED)
        wanted = code.id
    assert sweep(platform).queued_for_b == 0
    with database.transaction() as session:
        stage = session.scalars(select(Problem)).one().stage(Board.B)
        assert stage is not None
        stage.opens_at = clock.now()
    assert sweep(platform).queued_for_b == 1
    assert sweep(platform).queued_for_b == 0
    with database.reading() as session:
        on_b = session.scalars(select(Evaluation).where(Evaluation.board == Board.B)).one()
        assert on_b.submission_id == wanted


def test_a_long_log_is_read_in_pieces_without_a_gap(
    database: Database, story: Story, sandbox: ScriptedSandbox
) -> None:
    text = "行" * 120_000 + "\x1b[31mred\x1b[0m\n"
    sandbox.act = lambda _run: finished(log=text, verdict=RunVerdict.RUNTIME_ERROR, exit_code=1)
    submission = story.code()
    story.work()
    evaluation = story.evaluation(submission)
    read, offset, done = "", 0, False
    with database.reading() as session:
        assert session.scalars(select(LogChunk)).all()
        while not done:
            piece = read_log(session, evaluation, offset)
            read, offset, done = read + piece.text, piece.next_offset, piece.done
        assert read_log(session, evaluation, offset).text == ""
        odd = read_log(session, evaluation, 1)
    assert read == "行" * 120_000 + "red\n"
    assert odd.text[0] == "行"


def test_queueing_twice_numbers_the_second(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        submission = make_submission(session, problem=make_problem(session))
        second = queue_evaluation(session, submission, Board.A, now=clock.now(), actor="x")
        assert (second.number, second.is_current) == (2, True)


@pytest.mark.parametrize(
    "ending", [{"signal": "SIGKILL"}, {"signal": "SIGTERM"}, {"exit_code": 255}]
)
def test_an_unexplained_end_is_tried_again_and_judged_the_third_time(
    story: Story, sandbox: ScriptedSandbox, clock: FrozenClock, ending: dict[str, object]
) -> None:
    sandbox.act = lambda _run: finished(verdict=RunVerdict.RUNTIME_ERROR, **ending)
    submission = story.code()
    for faults in (1, 2):
        assert story.work()
        evaluation = story.evaluation(submission)
        assert (evaluation.state, evaluation.system_faults) == (State.QUEUED, faults)
        clock.tick(timedelta(minutes=1))
    assert story.work()
    evaluation = story.evaluation(submission)
    assert (evaluation.state, evaluation.verdict) == (State.FAILED, Verdict.RUNTIME_ERROR)
    assert story.is_charged(submission)


def timed(**column: object) -> dict[str, Any]:
    """A problem whose board shows, beside a metric, what the run used."""
    spec = deepcopy(SPEC)
    spec["submission"]["kinds"] = ["code"]
    spec["scoring"]["columns"] += [
        {"key": "takt", "run": "wall_s_per_item", "direction": "min", **column},
        {"key": "size", "run": "code_bytes", "direction": "min"},
        {"key": "worth", "formula": "2 - takt", "direction": "max"},
    ]
    return spec


@pytest.fixture
def runs_for(sandbox: ScriptedSandbox) -> Callable[[float], None]:
    """Let runs take so many seconds of wall-clock time, and answer perfectly."""

    def take(wall_s: float) -> None:
        def act(run: Run) -> RunResult:
            (run.output / "predictions.csv").write_text(PERFECT)
            return finished(exit_code=0, wall_s=wall_s)

        sandbox.act = act

    return take


def test_columns_show_what_the_run_itself_used(
    platform: Platform, settings: Settings, blobs: LocalBlobs, runs_for: Callable[[float], None]
) -> None:
    story = Story(platform, settings, blobs)
    story.publish(timed(limit=0.5))
    runs_for(2.0)  # four rows on both boards together: half a second each
    submission = story.code({"main.py": "print(1)", "model.bin": "x" * 1000})
    story.work()

    found = scores(story.evaluation(submission))
    assert {key: found["A", key] for key in ("takt", "size", "worth")} == {
        "takt": 0.5,
        "size": 1008.0,
        "worth": 1.5,
    }
    assert found["B", "takt"] == 0.5


def test_a_run_beyond_its_limit_has_no_scores_and_is_told(
    platform: Platform, settings: Settings, blobs: LocalBlobs, runs_for: Callable[[float], None]
) -> None:
    story = Story(platform, settings, blobs)
    story.publish(timed(limit=0.5))
    runs_for(2.4)
    submission = story.code()
    story.work()

    evaluation = story.evaluation(submission)
    assert evaluation.verdict is Verdict.INVALID_SCORES
    assert evaluation.messages[0]["en"] == "takt is 0.6, the problem allows 0.5"
    assert scores(evaluation) == {}
    assert story.is_charged(submission)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [('{"tokens": {"prompt": 300, "completion": 100}}', 100.0), ('{"tokens": 1}', None)],
)
def test_tokens_are_what_the_program_reports(
    platform: Platform,
    settings: Settings,
    blobs: LocalBlobs,
    sandbox: ScriptedSandbox,
    usage: str,
    tokens: float | None,
) -> None:
    def act(run: Run) -> RunResult:
        assert set(run.collect or ()) == {"predictions.csv", "usage.json"}
        (run.output / "predictions.csv").write_text(PERFECT)
        (run.output / "usage.json").write_text(usage)
        return finished(exit_code=0)

    sandbox.act = act
    story = Story(platform, settings, blobs)
    spec = timed(limit=500)
    spec["scoring"]["columns"].append(
        {"key": "tokens", "run": "tokens_per_item", "direction": "min"}
    )
    story.publish(spec)
    submission = story.code()
    story.work()

    evaluation = story.evaluation(submission)
    assert scores(evaluation).get(("A", "tokens")) == tokens
    if tokens is None:
        assert evaluation.verdict is Verdict.INVALID_OUTPUT
        assert "usage.json" in evaluation.messages[0]["en"]
    else:
        facts = measured_facts(evaluation)
        assert facts is not None
        assert facts.tokens == 400


def test_cards_count_for_as_long_as_they_are_held(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.bin").write_bytes(b"12345")
    cards = tuple(GpuUse(name, "A100", size, 0.5, 1.0) for name, size in (("a", 10), ("b", 30)))

    facts = measure_facts(finished(wall_s=4.0, gpus=cards), tmp_path)

    assert (facts.gpu_s, facts.peak_gpu_memory_bytes, facts.code_bytes) == (8.0, 30, 5)
