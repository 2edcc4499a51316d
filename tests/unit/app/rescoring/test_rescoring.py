"""A re-score from staging to publication, on a real database with a scripted sandbox."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.contests.models import Announcement
from app.contests.operations import Notice
from app.core.audit import AuditEntry, verify_chain
from app.core.db import Base, Database
from app.core.platform import Platform
from app.evaluations import operations as evaluations
from app.evaluations.claims import claim_next, renew
from app.evaluations.errors import IllegalTransitionError
from app.evaluations.logbook import read_log
from app.evaluations.models import Evaluation, EvaluationEvent, Score, State, Verdict
from app.evaluations.outcomes import Outcome
from app.evaluations.recovery import put_back_expired
from app.evaluations.sweeping import sweep
from app.problems.errors import BoardSignedOffError, NotARescoreError, OtherProblemError
from app.problems.models import Board, Publication, Revision
from app.rescoring import queries
from app.rescoring.errors import (
    RescoreEndedError,
    RescoreFaultsError,
    RescoreNotReadyError,
    RescoreOpenError,
    RescoreStaleError,
)
from app.rescoring.models import Rescore, RescoreMove, RescoreShadow, RescoreState
from app.rescoring.operations import (
    discard_rescore,
    publish_rescore,
    retry_faults,
)
from app.rescoring.states import TRANSITIONS
from app.rescoring.tending import tend_rescore, tend_rescores
from app.settings import Settings
from app.submissions.models import Kind, Submission
from sandbox import Run, RunResult
from scoring.program_result import RESULT_FILE
from tests.factories.packs import write_pack
from tests.factories.rescoring import Competition, answer
from tests.factories.workers import make_worker
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox, finished
from tests.unit.app.evaluations.test_pipeline import zipped

WORDS = Notice("重新评分", "真值有误，已更正。")
LEASE = timedelta(seconds=12)


@pytest.fixture
def competition(platform: Platform, settings: Settings, tmp_path: Path) -> Competition:
    made = Competition(platform, settings, tmp_path)
    made.hand_in("Misled", answer(r0="bad"))
    made.hand_in("Right", answer())
    while made.work():
        pass
    return made


def publish(competition: Competition, number: int) -> None:
    with competition.database.transaction() as session:
        publish_rescore(
            session,
            queries.get_rescore(session, number),
            competition.organiser,
            WORDS,
            now=competition.platform.clock.now(),
        )


def discard(competition: Competition, number: int) -> None:
    with competition.database.transaction() as session:
        rescore = queries.get_rescore(session, number)
        actor = competition.organiser.as_actor()
        discard_rescore(session, rescore, actor, now=competition.platform.clock.now())


def count(database: Database, table: type[Base]) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_a_corrected_truth_is_shadow_scored_shown_and_published(competition: Competition) -> None:
    before = [(1, "Misled", 1.0), (2, "Right", 0.5)]
    assert competition.board() == before
    number = competition.stage()
    competition.finish()
    rescore = competition.rescore(number)
    assert rescore.state is RescoreState.READY
    assert competition.board() == before  # nothing has changed for anybody
    with competition.database.reading() as session:
        progress = queries.get_progress(session, rescore)
        assert (progress.total, progress.done, progress.faults) == (2, 2, 0)
        moves = {
            (move.board, move.team.name): (move.old_rank, move.new_rank, move.old_score, move.climb)
            for move in session.scalars(select(RescoreMove))
        }
        counts = queries.count_moves(session, rescore, Board.A)
    assert moves[Board.A, "Right"] == (2, 1, 0.5, 1)
    assert moves[Board.A, "Misled"] == (1, 2, 1.0, -1)
    assert (counts.teams, counts.up, counts.down) == (2, 1, 1)
    publish(competition, number)
    assert competition.board() == [(1, "Right", 1.0), (2, "Misled", 0.5)]
    with competition.database.reading() as session:
        problem = competition.problem(session)
        assert problem.revision_number == problem.least_revision == 2
        announced = session.scalars(select(Announcement)).one()
        assert (announced.title, announced.problem_slug) == (WORDS.title, "solder")
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions[-3:] == ["rescore.stage", "announcement.post", "rescore.publish"]
        assert verify_chain(session).broken is None


def test_old_scores_stay_in_history(competition: Competition) -> None:
    number = competition.stage()
    competition.finish()
    publish(competition, number)
    old, new = competition.evaluations(1)
    assert (old.is_current, old.revision_number, new.revision_number) == (False, 1, 2)
    assert new.is_current
    assert not new.is_shadow
    assert new.finished_at == old.finished_at
    with competition.database.reading() as session:
        values = dict(
            session.execute(
                select(Score.evaluation_id, Score.value).where(
                    Score.evaluation_id.in_([old.id, new.id]), Score.board == Board.A
                )
            ).all()
        )
    assert values == {old.id: 1.0, new.id: 0.5}


def test_discarding_leaves_nothing_but_the_audit_entries(competition: Competition) -> None:
    tables = (Evaluation, EvaluationEvent, Score, Revision, Publication, Announcement)
    before = [count(competition.database, table) for table in tables]
    number = competition.stage()
    competition.finish()
    discard(competition, number)
    assert [count(competition.database, table) for table in tables] == before
    for table in (Rescore, RescoreShadow, RescoreMove):
        assert count(competition.database, table) == 0
    with competition.database.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.action, last.facts["rescore"]) == ("rescore.discard", number)
    assert competition.board()[0] == (1, "Misled", 1.0)


def test_a_killed_worker_costs_one_evaluation_not_the_rescore(
    competition: Competition, clock: FrozenClock
) -> None:
    number = competition.stage()
    tend_rescores(competition.platform)
    with competition.database.transaction() as session:
        claimed = claim_next(session, "cpu", "dead", now=clock.now(), lease=LEASE)
    assert claimed is not None
    assert claimed.is_shadow
    clock.tick(LEASE * 2)
    with competition.database.transaction() as session:
        assert put_back_expired(session, now=clock.now()) == 1
        with pytest.raises(IllegalTransitionError):
            evaluations.record_outcome(session, claimed, Outcome(State.SCORED), now=clock.now())
    clock.tick(LEASE)
    competition.finish()
    assert competition.rescore(number).state is RescoreState.READY
    assert competition.states(shadows=True) == [State.SCORED, State.SCORED]


def test_feeding_twice_makes_nothing_twice(competition: Competition) -> None:
    number = competition.stage()
    for _ in range(3):
        tend_rescore(competition.platform, number)
    assert len(competition.states(shadows=True)) == 2


def test_what_comes_in_meanwhile_goes_first_and_is_caught_up(competition: Competition) -> None:
    number = competition.stage()
    tend_rescores(competition.platform)
    late = competition.hand_in("Late", answer())
    assert competition.work()
    assert competition.evaluations(late)[0].state is State.SCORED
    assert competition.states(shadows=True) == [State.QUEUED, State.QUEUED]
    while competition.work():
        pass
    with pytest.raises(RescoreNotReadyError):
        publish(competition, number)
    competition.finish()
    publish(competition, number)
    assert [row[2] for row in competition.board()] == [1.0, 1.0, 0.5]


def test_what_came_after_it_was_ready_is_topped_up_before_it_is_published(
    competition: Competition,
) -> None:
    number = competition.stage()
    competition.finish()
    competition.hand_in("Late", answer())
    assert competition.work()
    with pytest.raises(RescoreNotReadyError):
        publish(competition, number)
    tend_rescores(competition.platform)
    assert competition.rescore(number).state is RescoreState.SCORING
    competition.finish()
    publish(competition, number)
    assert len(competition.board()) == 3


def test_what_waits_at_the_publication_is_scored_by_the_new_rules(
    competition: Competition,
) -> None:
    number = competition.stage()
    competition.finish()
    waiting = competition.hand_in("Late", answer())
    publish(competition, number)
    competition.finish()
    found = competition.evaluations(waiting)
    assert [(one.state, one.revision_number) for one in found] == [(State.SCORED, 2)]
    assert (1, "Late", 1.0) in [(1, name, score) for _, name, score in competition.board()]


def test_what_runs_at_the_publication_is_put_back_and_scored_again(
    competition: Competition, clock: FrozenClock
) -> None:
    number = competition.stage()
    competition.finish()
    running = competition.hand_in("Late", answer())
    with competition.database.transaction() as session:
        claimed = claim_next(session, "cpu", "slow", now=clock.now(), lease=LEASE)
    assert claimed is not None
    publish(competition, number)
    with competition.database.transaction() as session:
        told = evaluations.record_outcome(session, claimed, Outcome(State.SCORED), now=clock.now())
    assert told is State.QUEUED
    competition.finish()
    [found] = competition.evaluations(running)
    assert (found.state, found.revision_number, found.system_faults) == (State.SCORED, 2, 0)


def test_a_rerun_after_the_publication_keeps_to_the_new_rules(competition: Competition) -> None:
    number = competition.stage()
    competition.finish()
    publish(competition, number)
    with competition.database.transaction() as session:
        submission = session.get_one(Submission, 1)
        now = competition.platform.clock.now()
        evaluations.rerun(session, submission, competition.organiser, now=now)
    competition.finish()
    assert competition.evaluations(1)[-1].revision_number == 2
    assert competition.board()[0] == (1, "Right", 1.0)


def test_a_rerun_meanwhile_gets_a_shadow_of_its_own(competition: Competition) -> None:
    number = competition.stage()
    competition.finish()
    with competition.database.transaction() as session:
        submission = session.get_one(Submission, 1)
        now = competition.platform.clock.now()
        evaluations.rerun(session, submission, competition.organiser, now=now)
    assert competition.work()
    with pytest.raises(RescoreNotReadyError):
        publish(competition, number)
    competition.finish()
    publish(competition, number)
    with competition.database.reading() as session:
        current = session.scalars(
            select(Evaluation.revision_number).where(
                Evaluation.submission_id == 1, Evaluation.is_current
            )
        ).all()
    assert current == [2]


def test_a_signed_board_keeps_its_scores(competition: Competition) -> None:
    number = competition.stage()
    competition.finish()
    with competition.database.transaction() as session:
        problem = competition.problem(session)
        problem.stages[0].signed_off_at = competition.platform.clock.now()
    with pytest.raises(BoardSignedOffError):
        publish(competition, number)
    assert competition.board()[0] == (1, "Misled", 1.0)


def test_two_clicks_publish_once(competition: Competition) -> None:
    number = competition.stage()
    competition.finish()
    publish(competition, number)
    with pytest.raises(RescoreEndedError):
        publish(competition, number)
    with pytest.raises(RescoreEndedError):
        discard(competition, number)
    assert count(competition.database, Announcement) == 1


def test_one_rescore_of_a_problem_at_a_time(competition: Competition) -> None:
    number = competition.stage()
    with pytest.raises(RescoreOpenError, match=str(number)):
        competition.stage(competition.folder / "corrected")


def test_a_revision_published_meanwhile_makes_it_stale(competition: Competition) -> None:
    number = competition.stage()
    competition.finish()
    assert competition.publish_again().number == 3
    with pytest.raises(RescoreStaleError):
        publish(competition, number)
    discard(competition, number)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("slug: solder", "slug: other-problem"), OtherProblemError),
        (("values: [ok, bad]", "values: [ok, bad, none]"), NotARescoreError),
        (("max_bytes: 1MiB", "max_bytes: 2MiB"), NotARescoreError),
    ],
)
def test_a_rescore_changes_the_scoring_and_no_more(
    competition: Competition, change: tuple[str, str], error: type[Exception], tmp_path: Path
) -> None:
    pack = write_pack(tmp_path / "changed")
    text = (pack / "problem.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    (pack / "problem.yaml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(error):
        competition.stage(pack)
    assert count(competition.database, Revision) == 1


def code_answers(sandbox: ScriptedSandbox, text: bytes) -> None:
    def act(run: Run) -> RunResult:
        (run.output / "predictions.csv").write_bytes(text)
        return finished(log="training\n", wall_s=7.0)

    sandbox.act = act


def test_the_kept_answer_of_code_is_scored_again_without_a_run(
    competition: Competition, sandbox: ScriptedSandbox
) -> None:
    code_answers(sandbox, answer(r0="bad"))
    submission = competition.hand_in("Code", zipped({"main.py": "1"}).getvalue(), Kind.CODE)
    competition.work()
    number = competition.stage()
    runs = len(sandbox.runs)
    competition.finish()
    assert len(sandbox.runs) == runs
    publish(competition, number)
    old, new = competition.evaluations(submission)
    assert new.answer_blob == old.answer_blob is not None
    assert (new.wall_s, new.state, new.reuses_id) == (7.0, State.SCORED, old.id)
    with competition.database.reading() as session:
        assert read_log(session, session.get_one(Evaluation, new.id), 0).text == "training\n"


def test_code_runs_again_where_its_answer_was_not_kept(
    competition: Competition, sandbox: ScriptedSandbox
) -> None:
    code_answers(sandbox, answer(r0="bad"))
    submission = competition.hand_in("Code", zipped({"main.py": "1"}).getvalue(), Kind.CODE)
    competition.work()
    with competition.database.transaction() as session:
        kept = session.scalars(
            select(Evaluation).where(Evaluation.submission_id == submission)
        ).one()
        kept.answer_blob = None  # as it was before answers were kept
    competition.stage()
    runs = len(sandbox.runs)
    competition.finish()
    assert len(sandbox.runs) == runs + 1
    assert competition.evaluations(submission)[1].reuses_id is None


def test_code_runs_again_where_its_input_has_changed(
    competition: Competition, sandbox: ScriptedSandbox
) -> None:
    code_answers(sandbox, answer(r0="bad"))
    competition.hand_in("Code", zipped({"main.py": "1"}).getvalue(), Kind.CODE)
    competition.work()
    pack = competition.corrected()
    (pack / "data/input/more.csv").write_text("id\n")
    competition.stage(pack)
    runs = len(sandbox.runs)
    competition.finish()
    assert len(sandbox.runs) == runs + 1


def with_scorer(competition: Competition, program: str) -> Path:
    pack = competition.corrected()
    text = (pack / "problem.yaml").read_text(encoding="utf-8")
    text = text.replace("  columns:\n    - {key", "  scorer: scorer.py\n  columns:\n    - {key")
    text = text.replace("metric: accuracy, target: label, ", "")
    (pack / "problem.yaml").write_text(text, encoding="utf-8")
    (pack / "scorer.py").write_text(program)
    return pack


def test_a_failing_scorer_stops_the_publication_and_can_be_tried_again(
    competition: Competition, sandbox: ScriptedSandbox
) -> None:
    number = competition.stage(with_scorer(competition, "raise SystemError"))
    sandbox.act = lambda _run: finished(exit_code=1)
    competition.finish()
    with competition.database.reading() as session:
        rescore = queries.get_rescore(session, number)
        progress = queries.get_progress(session, rescore)
        turned = queries.list_turned(session, rescore)
    assert (progress.faults, progress.newly_failing, progress.missing) == (2, 2, 0)
    assert {link.shadow.verdict for link in turned} == {Verdict.SCORER_ERROR}
    with pytest.raises(RescoreFaultsError):
        publish(competition, number)

    def score(run: Run) -> RunResult:
        (run.output / RESULT_FILE).write_text('{"status": "ok", "scores": {"accuracy": 0.25}}')
        return finished()

    sandbox.act = score
    with competition.database.transaction() as session:
        assert retry_faults(session, queries.get_rescore(session, number)) == 2
    competition.finish()
    publish(competition, number)
    assert [row[2] for row in competition.board()] == [0.25, 0.25]


def test_shadows_take_half_of_a_pool_at_most_and_wait_for_all_else(
    competition: Competition, clock: FrozenClock
) -> None:
    competition.hand_in("Third", answer())
    competition.work()
    competition.stage()
    tend_rescores(competition.platform)
    with competition.database.transaction() as session:
        make_worker(session, now=clock.now(), pool="cpu")
    with competition.database.transaction() as session:
        first = claim_next(session, "cpu", "w1", now=clock.now(), lease=LEASE)
        assert first is not None
        assert claim_next(session, "cpu", "w2", now=clock.now(), lease=LEASE) is None
        assert not renew(session, first, now=clock.now(), lease=LEASE).give_way
    competition.hand_in("Fourth", answer())
    clock.tick(timedelta(seconds=3))
    with competition.database.transaction() as session:
        assert renew(session, first, now=clock.now(), lease=LEASE).give_way


def test_the_sweep_rings_for_a_few_shadows_only(
    competition: Competition, queue: MemoryQueue
) -> None:
    for number in range(4):
        competition.hand_in(f"More {number}", answer())
    while competition.work():
        pass
    competition.stage()
    tend_rescores(competition.platform)
    queue.jobs.clear()
    assert sweep(competition.platform).rung == 2
    competition.work()
    assert len(queue.jobs) == 3  # the one that ended rang for the next


def test_a_discarded_shadow_records_nothing(competition: Competition, clock: FrozenClock) -> None:
    number = competition.stage()
    tend_rescores(competition.platform)
    with competition.database.transaction() as session:
        claimed = claim_next(session, "cpu", "w", now=clock.now(), lease=LEASE)
    assert claimed is not None
    discard(competition, number)
    with competition.database.transaction() as session:
        assert not renew(session, claimed, now=clock.now(), lease=LEASE).ours
        with pytest.raises(IllegalTransitionError):
            evaluations.record_outcome(session, claimed, Outcome(State.SCORED), now=clock.now())


def test_try_runs_and_failed_runs_are_left_alone(
    competition: Competition, sandbox: ScriptedSandbox
) -> None:
    sandbox.act = lambda _run: finished(exit_code=1, verdict="runtime_error")
    failed = competition.hand_in("Failed", zipped({"main.py": "1"}).getvalue(), Kind.CODE)
    with competition.database.transaction() as session:
        found = session.scalars(select(Evaluation).where(Evaluation.submission_id == failed)).one()
        found.state, found.verdict = State.FAILED, Verdict.RUNTIME_ERROR
        found.finished_at = competition.platform.clock.now()
        session.get_one(Submission, 1).is_debug = True
    competition.stage()
    competition.finish()
    assert len(competition.evaluations(failed)) == len(competition.evaluations(1)) == 1


def test_every_state_is_reached_by_its_edges() -> None:
    reached = {RescoreState.STAGED, *(to for targets in TRANSITIONS.values() for to in targets)}
    assert reached == set(RescoreState)
    assert TRANSITIONS[RescoreState.PUBLISHED] == frozenset()
