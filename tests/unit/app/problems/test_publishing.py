import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from app.contests.models import Contest
from app.core.audit import THE_CLOCK, AuditEntry
from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.problems import queries
from app.problems.errors import BoardSignedOffError, SlugTakenError
from app.problems.models import Board, Revision, StageState
from app.problems.preparing import PreparedPack, prepare_pack
from app.problems.publishing import publish
from app.problems.sealed_seeds import open_seed
from problems.pack import PackError
from problems.seeds import commitment
from sandbox import Run, RunResult, SandboxError
from tests.factories.packs import run_scripts, write_pack
from tests.fakes.ports import FrozenClock, ScriptedSandbox


def prepare(platform: Platform, pack: Path, seed: int | None = None) -> PreparedPack:
    return prepare_pack(platform, pack, seed=seed, progress=lambda _step: None)


def publish_now(platform: Platform, prepared: PreparedPack, contest: str | None = None) -> Revision:
    with platform.database.transaction() as session:
        return publish(
            session, prepared, actor=THE_CLOCK, now=platform.clock.now(), contest_slug=contest
        )


def read(blobs: LocalBlobs, digest: str | None) -> bytes:
    assert digest is not None
    return b"".join(blobs.read(digest))


def names(blobs: LocalBlobs, digest: str | None) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(read(blobs, digest))) as archive:
        return archive.namelist()


def test_a_pack_becomes_a_problem_with_its_settings_stages_and_data(
    platform: Platform, tmp_path: Path, blobs: LocalBlobs, clock: FrozenClock
) -> None:
    revision = publish_now(platform, prepare(platform, write_pack(tmp_path / "pack")))
    problem = revision.problem
    assert (problem.slug, problem.revision_number, problem.contest.slug) == ("solder", 1, "baijing")
    assert (problem.submissions_per_day, problem.team_size) == (7, 4)
    assert (problem.takes_predictions, problem.takes_code) == (True, True)
    assert {stage.key: stage.state(clock.now()) for stage in problem.stages} == {
        Board.A: StageState.OPEN,
        Board.B: StageState.UPCOMING,
    }
    assert [file.path for file in revision.files] == [
        "notes/README.md",
        "sample_predictions.csv",
        "train.csv",
    ]
    assert revision.seed_commitment is None
    a, b = revision.boards
    assert (names(blobs, a.input_blob), a.input_blob) == (["test.csv"], b.input_blob)
    assert b"r2" not in read(blobs, a.truth_blob)
    assert names(blobs, revision.pack_blob) == [
        "baseline/main.py",
        "cover.svg",
        "problem.yaml",
        "statement.en.md",
        "statement.zh-Hans.md",
    ]


def test_the_kept_keys_are_those_of_both_boards_and_no_truth(
    platform: Platform, tmp_path: Path, blobs: LocalBlobs
) -> None:
    revision = publish_now(platform, prepare(platform, write_pack(tmp_path / "pack")))
    keys = json.loads(read(blobs, revision.keys_blob))
    assert sorted(keys["columns"]["id"]) == ["r0", "r1", "r2", "r3", "r4", "r5"]
    assert b"bad" not in read(blobs, revision.keys_blob)


def test_a_pack_with_one_board_has_one_stage_and_gets_the_other_with_its_data(
    platform: Platform, tmp_path: Path, blobs: LocalBlobs
) -> None:
    pack = write_pack(tmp_path / "pack")
    (pack / "data/B").rename(tmp_path / "B")
    first = publish_now(platform, prepare(platform, pack))
    assert [stage.key for stage in first.problem.stages] == [Board.A]
    assert json.loads(read(blobs, first.keys_blob))["columns"]["id"] == ["r0", "r1"]
    (tmp_path / "B").rename(pack / "data/B")
    second = publish_now(platform, prepare(platform, pack))
    stages = {stage.key: stage.opens_at for stage in second.problem.stages}
    assert stages == {Board.A: platform.clock.now(), Board.B: None}


def test_with_separate_sets_each_board_has_keys_and_input_of_its_own(
    platform: Platform, tmp_path: Path, blobs: LocalBlobs
) -> None:
    pack = write_pack(tmp_path / "pack", partition="sets")
    revision = publish_now(platform, prepare(platform, pack))
    a, b = revision.boards
    assert json.loads(read(blobs, b.keys_blob))["columns"]["id"] == ["r2", "r3"]
    assert a.input_blob != b.input_blob
    assert revision.keys_blob == a.keys_blob


def test_publishing_again_makes_a_revision_and_leaves_settings_alone(
    platform: Platform, tmp_path: Path, clock: FrozenClock
) -> None:
    pack = write_pack(tmp_path / "pack")
    first = publish_now(platform, prepare(platform, pack))
    with platform.database.transaction() as session:
        problem = queries.get_problem(session, "solder")
        problem.submissions_per_day = 50
        problem.stages[0].closes_at = clock.now().replace(year=2031)
    yaml = (pack / "problem.yaml").read_text().replace("Solder joints", "Joints")
    (pack / "problem.yaml").write_text(yaml)
    second = publish_now(platform, prepare(platform, pack))
    assert (second.number, second.problem.title["en"]) == (2, "Joints")
    assert second.problem.submissions_per_day == 50
    with platform.database.reading() as session:
        kept = session.get_one(Revision, first.id)
        assert kept.spec["title"]["en"] == "Solder joints"
        problem = queries.get_problem(session, "solder")
        assert queries.get_current_revision(session, problem).id == second.id
        assert problem.stages[0].closes_at is not None


def test_no_revision_comes_into_force_while_a_board_is_signed_off(
    platform: Platform, tmp_path: Path
) -> None:
    prepared = prepare(platform, write_pack(tmp_path / "pack"))
    number = publish_now(platform, prepared).number
    with platform.database.transaction() as session:
        problem = queries.get_problem(session, "solder")
        problem.stages[0].signed_off_at = platform.clock.now()
    with pytest.raises(BoardSignedOffError):
        publish_now(platform, prepared)
    with platform.database.reading() as session:
        assert queries.get_problem(session, "solder").revision_number == number


def test_a_drawn_seed_is_sealed_committed_to_and_kept_by_the_next_revision(
    platform: Platform, tmp_path: Path, sandbox: ScriptedSandbox
) -> None:
    sandbox.act = run_scripts
    pack = write_pack(tmp_path / "pack", generator=True)
    first = publish_now(platform, prepare(platform, pack))
    assert first.sealed_seed is not None
    assert not first.seed_is_public
    seed = open_seed(platform.seal, first.sealed_seed)
    assert seed.seed.bit_length() >= 128
    assert first.seed_commitment == commitment(seed.seed, seed.nonce)
    assert str(seed.seed) in sandbox.runs[0].command
    assert str(seed.seed) not in str(first.__dict__)
    second = publish_now(platform, prepare(platform, pack))
    assert second.seed_commitment == first.seed_commitment


def test_an_explicit_seed_is_public_and_a_later_drawn_one_is_not_it(
    platform: Platform, tmp_path: Path, sandbox: ScriptedSandbox
) -> None:
    sandbox.act = run_scripts
    pack = write_pack(tmp_path / "pack", generator=True)
    first = publish_now(platform, prepare(platform, pack, seed=2025))
    assert first.seed_is_public
    assert "2025" in sandbox.runs[0].command
    second = publish_now(platform, prepare(platform, pack))
    assert not second.seed_is_public
    assert "2025" not in sandbox.runs[1].command


def test_nothing_is_open_while_the_generator_runs(
    platform: Platform, tmp_path: Path, sandbox: ScriptedSandbox
) -> None:
    def act(run: Run) -> RunResult:
        assert "Current Checked out connections: 0" in platform.database.engine.pool.status()
        return run_scripts(run)

    sandbox.act = act
    prepare(platform, write_pack(tmp_path / "pack", generator=True))
    assert len(sandbox.runs) == 1


def test_a_contest_of_another_name_is_made_once_and_then_keeps_its_slugs(
    platform: Platform, tmp_path: Path
) -> None:
    prepared = prepare(platform, write_pack(tmp_path / "pack"))
    publish_now(platform, prepared, contest="autumn")
    publish_now(platform, prepared)
    with pytest.raises(SlugTakenError):
        publish_now(platform, prepared, contest="winter")
    with platform.database.reading() as session:
        assert session.scalars(select(Contest.slug)).all() == ["autumn"]


def test_a_malformed_pack_writes_nothing(platform: Platform, tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack")
    (pack / "problem.yaml").write_text("version: 1\nslag: x\n")
    with pytest.raises(PackError, match="slag"):
        prepare(platform, pack)


def test_a_broken_sandbox_is_our_fault(
    platform: Platform, tmp_path: Path, sandbox: ScriptedSandbox
) -> None:
    sandbox.broken = True
    with pytest.raises(SandboxError):
        prepare(platform, write_pack(tmp_path / "pack", generator=True))


def test_the_same_pack_gives_the_same_blobs(platform: Platform, tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack")
    assert prepare(platform, pack) == prepare(platform, pack)


def test_publishing_is_audited(platform: Platform, tmp_path: Path) -> None:
    publish_now(platform, prepare(platform, write_pack(tmp_path / "pack")))
    with platform.database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject) == ("problem.publish", "problem:solder")
    assert entry.facts["revision"] == 1
