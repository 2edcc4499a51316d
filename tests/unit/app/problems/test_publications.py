import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.accounts.models import Role
from app.core.blobs import Blob
from app.core.platform import Platform
from app.problems import publications, queries, states
from app.problems.models import Publication, PublicationState, Revision
from app.problems.publications import Words, receive_pack, resend_overdue, run_publication
from sandbox import Run, RunResult, SandboxError, Verdict
from tests.factories import make_user
from tests.factories.packs import run_scripts, write_pack, zip_folder
from tests.fakes.ports import FrozenClock, ScriptedSandbox, finished

WORDS = Words(
    say=lambda error: {"zh-Hans": f"中文 {error}", "en": str(error)},
    system_fault={"zh-Hans": "平台", "en": "platform"},
)
Baselines = list[tuple[int, int]]


def receive(platform: Platform, content: bytes) -> int:
    blob = platform.blobs.put(io.BytesIO(content))
    with platform.database.transaction() as session:
        uploader = make_user(session, role=Role.ORGANISER)
        now = platform.clock.now()
        return receive_pack(session, blob, "pack.zip", uploader=uploader, now=now).id


def run(platform: Platform, publication_id: int, baselines: Baselines | None = None) -> None:
    def submit(_session: Session, _platform: Platform, revision: Revision, blob: Blob) -> None:
        if baselines is not None:
            baselines.append((revision.number, blob.size))

    run_publication(platform, publication_id, submit_baseline=submit, words=WORDS)


def get(platform: Platform, publication_id: int) -> Publication:
    with platform.database.reading() as session:
        return queries.get_publication(session, publication_id)


def problem_count(platform: Platform) -> int:
    with platform.database.reading() as session:
        return len(queries.list_all_problems(session))


def said(publication: Publication, locale: str = "en") -> str:
    steps: list[dict[str, Any]] = publication.steps
    return "\n".join(text for step in steps for text in step["messages"].get(locale, []))


@pytest.fixture
def pack_zip(tmp_path: Path) -> bytes:
    return zip_folder(write_pack(tmp_path / "made", generator=True), top="solder/")


def test_an_uploaded_pack_is_checked_and_published_with_its_baseline(
    platform: Platform, sandbox: ScriptedSandbox, pack_zip: bytes
) -> None:
    sandbox.act = run_scripts
    publication_id = receive(platform, pack_zip)
    baselines: Baselines = []
    run(platform, publication_id, baselines)
    ended = get(platform, publication_id)
    assert (ended.state, ended.problem_slug) == (PublicationState.PUBLISHED, "solder"), said(ended)
    names = [step["name"] for step in ended.steps]
    assert (names[0], names[-3:]) == ("unpack", ["seed", "store", "publish"])
    assert all(step["ok"] for step in ended.steps)
    assert baselines[0][0] == 1
    assert {run.owner for run in sandbox.runs} == {f"test/publication-{publication_id}/1"}


def test_steps_are_shown_while_they_happen(
    platform: Platform, sandbox: ScriptedSandbox, pack_zip: bytes
) -> None:
    publication_id = receive(platform, pack_zip)
    shown: list[tuple[str, bool | None]] = []

    def act(script: Run) -> RunResult:
        last = get(platform, publication_id).steps[-1]
        shown.append((last["name"], last["ok"]))
        return run_scripts(script)

    sandbox.act = act
    run(platform, publication_id)
    assert shown[0] == ("data", None)
    assert ("baseline", None) in shown
    assert shown[-1] == ("seed", None)


@pytest.mark.parametrize(
    ("file", "old", "new", "english", "chinese"),
    [
        ("problem.yaml", "licence:", "license:", "problem.yaml:11", "license"),
        ("statement.en.md", "## Task", "## Job", "Task", "缺少二级标题"),
        ("cover.svg", "<svg", "<!DOCTYPE x><svg", "cover.svg cannot be used", "中文"),
    ],
)
def test_a_wrong_pack_is_refused_with_file_line_and_key(
    platform: Platform,
    sandbox: ScriptedSandbox,
    tmp_path: Path,
    file: str,
    old: str,
    new: str,
    english: str,
    chinese: str,
) -> None:
    sandbox.act = run_scripts
    pack = write_pack(tmp_path / "made", generator=True)
    (pack / file).write_text((pack / file).read_text().replace(old, new))
    publication_id = receive(platform, zip_folder(pack))
    run(platform, publication_id)
    ended = get(platform, publication_id)
    assert (ended.state, ended.problem_slug) == (PublicationState.REFUSED, None)
    assert english in said(ended, "en")
    assert chinese in said(ended, "zh-Hans")
    assert not ended.steps[-1]["ok"]
    assert problem_count(platform) == 0


@pytest.mark.parametrize("content", [b"no zip", b"PK\x05\x06" + bytes(18)])
def test_a_hostile_upload_is_refused(platform: Platform, content: bytes) -> None:
    publication_id = receive(platform, content)
    run(platform, publication_id)
    ended = get(platform, publication_id)
    assert ended.state is PublicationState.REFUSED
    assert ended.steps[0]["name"] == "unpack"
    assert said(ended)


def test_a_path_that_leads_out_is_refused(platform: Platform, tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "made")
    content = zip_folder(pack, top="solder/../../")
    publication_id = receive(platform, content)
    run(platform, publication_id)
    assert "leads out" in said(get(platform, publication_id))


def test_a_failing_generator_is_quoted(
    platform: Platform, sandbox: ScriptedSandbox, pack_zip: bytes
) -> None:
    sandbox.act = lambda _run: finished(verdict=Verdict.RUNTIME_ERROR, log="ZeroDivisionError")
    publication_id = receive(platform, pack_zip)
    run(platform, publication_id)
    ended = get(platform, publication_id)
    assert ended.state is PublicationState.REFUSED
    assert "ZeroDivisionError" in said(ended)


def test_a_second_worker_does_nothing(
    platform: Platform, sandbox: ScriptedSandbox, pack_zip: bytes
) -> None:
    publication_id = receive(platform, pack_zip)

    def act(script: Run) -> RunResult:
        before = len(sandbox.runs)
        run(platform, publication_id)
        assert len(sandbox.runs) == before
        return run_scripts(script)

    sandbox.act = act
    run(platform, publication_id)
    run(platform, publication_id)
    assert get(platform, publication_id).attempts == 1
    with platform.database.reading() as session:
        assert queries.get_problem(session, "solder").revision_number == 1


def test_a_worker_that_was_taken_for_dead_publishes_nothing(
    platform: Platform, sandbox: ScriptedSandbox, clock: FrozenClock, pack_zip: bytes
) -> None:
    publication_id = receive(platform, pack_zip)

    def act(script: Run) -> RunResult:
        if "seed" not in script.owner and get(platform, publication_id).attempts == 1:
            clock.tick(states.LEASE + timedelta(seconds=1))
            resend_overdue(platform, lambda _session, _id: None, WORDS)
        return run_scripts(script)

    sandbox.act = act
    run(platform, publication_id)
    assert get(platform, publication_id).state is PublicationState.QUEUED
    assert problem_count(platform) == 0
    run(platform, publication_id)
    assert get(platform, publication_id).state is PublicationState.PUBLISHED


def test_what_was_lost_is_sent_again_and_given_up_after_three_attempts(
    platform: Platform, sandbox: ScriptedSandbox, clock: FrozenClock, pack_zip: bytes
) -> None:
    sandbox.broken = True
    publication_id, sent = receive(platform, pack_zip), []

    def sweep() -> int:
        return resend_overdue(platform, lambda _session, number: sent.append(number), WORDS)

    assert sweep() == 0  # just sent
    clock.tick(states.LEASE)
    assert sweep() == 1
    assert sweep() == 0  # a worker has time again
    for _ in range(states.MAX_ATTEMPTS):
        run(platform, publication_id)
        sweep()
    ended = get(platform, publication_id)
    assert sent == [publication_id] * states.MAX_ATTEMPTS
    assert (ended.state, said(ended)) == (PublicationState.REFUSED, "platform")
    assert ended.finished_at is not None
    run(platform, publication_id)
    assert get(platform, publication_id).attempts == states.MAX_ATTEMPTS


def test_a_run_is_wanted_while_its_attempt_holds_the_claim(
    platform: Platform, clock: FrozenClock, pack_zip: bytes
) -> None:
    publication_id = receive(platform, pack_zip)
    with platform.database.transaction() as session:
        attempt = states.claim(session, publication_id, now=clock.now())

    assert attempt is not None

    def alive(number: int, attempt: int) -> bool:
        with platform.database.reading() as session:
            name = f"publication-{number}"
            return publications.is_run_alive(session, name, attempt, now=clock.now())

    assert alive(publication_id, attempt)
    assert not alive(publication_id, 7)
    assert not alive(999, 1)
    clock.tick(states.LEASE)
    assert not alive(publication_id, attempt)


def test_renewing_keeps_a_claim_and_fails_once_it_is_lost(
    platform: Platform, clock: FrozenClock, pack_zip: bytes
) -> None:
    publication_id = receive(platform, pack_zip)
    with platform.database.transaction() as session:
        attempt = states.claim(session, publication_id, now=clock.now())
        assert attempt == 1
        clock.tick(timedelta(seconds=50))
        assert states.renew(session, publication_id, attempt, now=clock.now())
        assert states.list_overdue(session, now=clock.now() + timedelta(seconds=59)) == []
        assert not states.renew(session, publication_id, attempt + 1, now=clock.now())


def test_every_unfinished_state_has_a_way_out() -> None:
    reached = {target for targets in states.TRANSITIONS.values() for target in targets}
    assert reached == set(PublicationState)
    assert states.TRANSITIONS[PublicationState.PUBLISHED] == frozenset()


def test_an_unexpected_fault_leaves_the_claim_to_run_out(
    platform: Platform, sandbox: ScriptedSandbox, pack_zip: bytes
) -> None:
    sandbox.act = run_scripts

    def break_down(*_args: object) -> None:
        message = "database away"
        raise SandboxError(message)

    publication_id = receive(platform, pack_zip)
    run_publication(platform, publication_id, submit_baseline=break_down, words=WORDS)
    found = get(platform, publication_id)
    assert found.state is PublicationState.CHECKING
    assert found.lease_expires_at == platform.clock.now()
    assert problem_count(platform) == 0
