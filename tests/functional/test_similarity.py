"""Who copied whom: from the boards through the worker's job to the judge's page of a pair."""

import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.evaluations.models import Evaluation
from app.evaluations.standings import refresh_submission
from app.problems.models import Problem
from app.similarity.comparing import MOST_PAIRS
from app.similarity.jobs import compare_problem, ring_stale_comparisons
from app.similarity.models import Comparison, Likeness, SimilarPair, SubmissionPrint
from app.submissions.models import Kind, Submission
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock
from tests.unit.app.similarity.test_prints import DISGUISED, ORIGINAL, OTHER

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
Counting = Callable[[], AbstractContextManager[list[str]]]
SCORES = {"A": {"macro_f1": 0.9, "accuracy": 0.9}, "B": {"macro_f1": 0.8, "accuracy": 0.8}}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def problem(platform: Platform) -> Problem:
    with platform.database.transaction() as session:
        return make_problem(session, slug="pcb")


@pytest.fixture
def judge(platform: Platform) -> User:
    with platform.database.transaction() as session:
        return make_user(session, role=Role.JUDGE, name="评委甲")


def packed(files: dict[str, str]) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    buffer.seek(0)
    return buffer


def enter_code(platform: Platform, problem: Problem, team: str, code: str) -> int:
    blob = platform.blobs.put(packed({"main.py": code, "model.bin": "\0"})).digest
    return enter(platform, problem, team, kind=Kind.CODE, blob=blob, filename="code.zip")


def enter_answer(platform: Platform, problem: Problem, team: str, labels: list[str]) -> int:
    rows = "".join(f"p{number},{label}\n" for number, label in enumerate(labels))
    blob = platform.blobs.put(io.BytesIO(f"id,label\n{rows}".encode())).digest
    return enter(platform, problem, team, blob=blob)


def enter(platform: Platform, problem: Problem, team: str, **more: object) -> int:
    with platform.database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        made = make_team(session, problem=found, name=team)
        submission = make_submission(session, problem=found, team=made, scores=SCORES, **more)  # type: ignore[arg-type]
        return submission.id


def pairs(platform: Platform) -> dict[tuple[int, int, Likeness], float]:
    with platform.database.reading() as session:
        found = session.scalars(select(SimilarPair))
        return {(one.first_id, one.second_id, one.kind): one.share for one in found}


LABELS = ["ok", "open", "open", "ok"] * 60
NEAR = [*LABELS[:238], "ok", "ok"]
FAR = ["ok", "ok", "ok", "open"] * 60


def test_a_judge_sees_the_pair_and_what_the_two_share(
    app: Flask,
    platform: Platform,
    problem: Problem,
    judge: User,
    sign_in: SignIn,
    client: FlaskClient,
) -> None:
    first = enter_code(platform, problem, "原作队", ORIGINAL)
    second = enter_code(
        platform, problem, f"抄袭队{HOSTILE}", DISGUISED + f"\nprint('{HOSTILE}')\n"
    )
    enter_code(platform, problem, "另一队", OTHER)
    assert compare_problem(platform, problem.id)
    sign_in(judge)
    listed = client.get("/staff/review/pcb/similar").text
    assert f"/staff/review/pairs/{first}/{second}" in listed
    assert "另一队" not in listed
    shown = client.get(f"/staff/review/pairs/{first}/{second}").text
    for text in (listed, shown):
        assert HOSTILE not in text
        assert "&lt;script&gt;" in text
    assert "percentile" in shown
    assert shown.count('class="twin__side"') >= 2
    desk = client.get("/staff/review/pcb").text
    assert "/staff/review/pcb/similar" in desk
    entry = client.get(f"/staff/review/submissions/{second}").text
    assert f"/staff/review/pairs/{first}/{second}" in entry


def test_answers_are_set_beside_each_other(
    platform: Platform, problem: Problem, judge: User, sign_in: SignIn, client: FlaskClient
) -> None:
    first = enter_answer(platform, problem, "甲", LABELS)
    second = enter_answer(platform, problem, "乙", NEAR)
    enter_answer(platform, problem, "丙", FAR)
    assert compare_problem(platform, problem.id)
    assert list(pairs(platform)) == [(first, second, Likeness.ANSWER)]
    sign_in(judge)
    shown = client.get(f"/staff/review/pairs/{first}/{second}").text
    assert "239" in shown  # of 240 places
    assert "p238 · label" in shown
    assert "p3 · label" not in shown
    assert client.get(f"/staff/review/pairs/{second}/{first}").status_code == 404
    assert client.get(f"/staff/review/pairs/{first}/{10**30}").status_code == 404


def test_the_same_file_is_found_whatever_is_in_it(platform: Platform, problem: Problem) -> None:
    blob = platform.blobs.put(io.BytesIO(b"\x00no table")).digest
    one = enter(platform, problem, "甲", blob=blob)
    two = enter(platform, problem, "乙", blob=blob)
    gone = enter(platform, problem, "丙", blob="f" * 64)
    assert compare_problem(platform, problem.id)
    assert pairs(platform) == {(one, two, Likeness.ANSWER): 1.0}
    with platform.database.reading() as session:
        assert session.get_one(Comparison, problem.id).left_out == 3
        assert session.get_one(SubmissionPrint, gone).answer is None


def test_many_who_hand_in_the_sample_leave_a_bounded_list(
    platform: Platform, problem: Problem
) -> None:
    blob = platform.blobs.put(io.BytesIO(b"\x00the sample")).digest
    for number in range(22):  # 231 pairs
        enter(platform, problem, f"队{number}", blob=blob)
    assert compare_problem(platform, problem.id)
    assert len(pairs(platform)) == MOST_PAIRS


def test_the_comparison_follows_the_boards_and_takes_prints_once(
    platform: Platform, problem: Problem, clock: FrozenClock, blobs: LocalBlobs
) -> None:
    one = enter_answer(platform, problem, "甲", LABELS)
    assert ring_stale_comparisons(platform) == 1
    assert ring_stale_comparisons(platform) == 0  # somebody was told
    assert compare_problem(platform, problem.id)
    assert not compare_problem(platform, problem.id)
    assert ring_stale_comparisons(platform) == 0
    with platform.database.reading() as session:
        blob = session.get_one(Submission, one).blob
    blobs.delete(blob)  # what was taken once is not read again
    two = enter_answer(platform, problem, "乙", NEAR)
    clock.tick(timedelta(minutes=11))
    assert ring_stale_comparisons(platform) == 1
    assert compare_problem(platform, problem.id)
    assert list(pairs(platform)) == [(one, two, Likeness.ANSWER)]


def test_what_no_longer_counts_is_in_no_pair(platform: Platform, problem: Problem) -> None:
    one = enter_answer(platform, problem, "甲", LABELS)
    enter_answer(platform, problem, "乙", NEAR)
    compare_problem(platform, problem.id)
    with platform.database.transaction() as session:
        submission = session.get_one(Submission, one)
        submission.retracted_at = submission.created_at
        session.flush()
        refresh_submission(session, submission, now=submission.created_at)
    assert compare_problem(platform, problem.id)
    assert pairs(platform) == {}


def test_a_worker_that_died_is_replaced_when_its_claim_runs_out(
    platform: Platform, problem: Problem, clock: FrozenClock
) -> None:
    enter_answer(platform, problem, "甲", LABELS)
    with platform.database.transaction() as session:
        held = Comparison(problem_id=problem.id, version=-1, entries=0, left_out=0)
        held.claimed_until = clock.now() + timedelta(minutes=30)
        session.add(held)
    assert not compare_problem(platform, problem.id)
    clock.tick(timedelta(minutes=31))
    assert ring_stale_comparisons(platform) == 1
    assert compare_problem(platform, problem.id)


def test_the_answer_of_a_program_is_compared_too(platform: Platform, problem: Problem) -> None:
    ids = [
        enter_code(platform, problem, "甲", ORIGINAL),
        enter_code(platform, problem, "乙", OTHER),
    ]
    for number, submission in enumerate(ids):
        labels = NEAR if number else LABELS
        rows = "".join(f"p{n},{label}\n" for n, label in enumerate(labels))
        blob = platform.blobs.put(io.BytesIO(f"id,label\n{rows}".encode())).digest
        with platform.database.transaction() as session:
            for one in session.scalars(
                select(Evaluation).where(Evaluation.submission_id == submission)
            ):
                one.answer_blob = blob
    assert compare_problem(platform, problem.id)
    assert list(pairs(platform)) == [(*ids, Likeness.ANSWER)]


def test_a_page_costs_the_same_however_many_pairs(
    platform: Platform,
    problem: Problem,
    judge: User,
    sign_in: SignIn,
    client: FlaskClient,
    count_queries: Counting,
) -> None:
    for number in range(2):
        enter_answer(platform, problem, f"队{number}", LABELS)
    compare_problem(platform, problem.id)
    sign_in(judge)
    client.get("/staff/review/pcb/similar")
    with count_queries() as few:
        client.get("/staff/review/pcb/similar")
    for number in range(2, 6):
        enter_answer(platform, problem, f"队{number}", LABELS)
    compare_problem(platform, problem.id)
    assert len(pairs(platform)) == 15
    with count_queries() as many:
        client.get("/staff/review/pcb/similar")
    assert len(many) == len(few)
