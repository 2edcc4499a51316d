import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from ruamel.yaml import YAML
from sqlalchemy import select

from app.bundles.cli import commands
from app.core.audit import THE_CLOCK, AuditEntry
from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.core.sealing import Seal
from app.factory import create_app
from app.problems.models import Problem, Revision
from app.problems.organiser_settings import show_settings
from app.problems.preparing import prepare_pack
from app.problems.publishing import publish
from app.settings import Settings
from tests.databases import open_sqlite
from tests.factories.bundles import codabench_files, evalai_files, write_zip
from tests.factories.packs import run_scripts, write_pack
from tests.fakes.ports import ScriptedSandbox

pytestmark = pytest.mark.functional


def call(app: Flask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(commands, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def elsewhere(
    settings: Settings, platform: Platform, empty_database: Path, tmp_path: Path
) -> Iterator[tuple[Flask, Platform]]:
    """Another installation: its own database, blobs and key."""
    (tmp_path / "cache-two").mkdir()
    with open_sqlite(tmp_path / "two.db", empty_database) as database:
        other = replace(
            platform,
            database=database,
            blobs=LocalBlobs(tmp_path / "blobs-two"),
            cache=tmp_path / "cache-two",
            seal=Seal("another secret of more than thirty-two characters"),
        )
        yield create_app(settings, other), other


def facts(platform: Platform) -> tuple[object, ...]:
    """Everything about the one problem that organisers and teams can tell apart."""
    with platform.database.reading() as session:
        problem = session.scalars(select(Problem)).one()
        revision = session.scalars(select(Revision)).one()
        return (
            dict(show_settings(problem)),
            problem.contest.slug,
            problem.b_revealed_at is not None,
            revision.spec,
            revision.statements,
            revision.seed_commitment,
            revision.seed_is_public,
            revision.cover_blob,
            revision.pack_blob,
            [(file.path, file.digest, file.preview) for file in revision.files],
            [(b.board, b.input_blob, b.truth_blob, b.keys_blob) for b in revision.boards],
        )


def test_a_dump_imports_to_the_same_problem_and_dumps_to_the_same_bytes(
    app: Flask,
    platform: Platform,
    sandbox: ScriptedSandbox,
    elsewhere: tuple[Flask, Platform],
    tmp_path: Path,
) -> None:
    sandbox.act = run_scripts
    pack = write_pack(tmp_path / "pack", generator=True)
    prepared = prepare_pack(platform, pack, seed=None, progress=lambda _step: None)
    with platform.database.transaction() as session:
        publish(session, prepared, actor=THE_CLOCK, now=platform.clock.now())
    with platform.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        problem.board_rules = {"counts": "last", "freeze_hours": 3}
        problem.b_revealed_at = platform.clock.now()
        problem.stages[0].closes_at = platform.clock.now().replace(microsecond=0)
        problem.stages[0].opens_at = problem.stages[0].closes_at.replace(year=2020)
    call(app, "export", "solder", "--into", str(tmp_path / "one"))
    dump = tmp_path / "one" / "solder.dump.zip"
    there, other = elsewhere
    runs = len(sandbox.runs)
    assert "solder\trevision 1" in call(there, "import", str(dump))
    assert len(sandbox.runs) == runs, "the data came along"
    assert facts(other) == facts(platform)
    call(there, "export", "solder", "--into", str(tmp_path / "two"))
    assert (tmp_path / "two" / "solder.dump.zip").read_bytes() == dump.read_bytes()
    with platform.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert "bundle.export" in actions


@pytest.mark.parametrize("code", [False, True])
def test_a_bundle_comes_back_as_the_bundle_it_was(
    app: Flask, elsewhere: tuple[Flask, Platform], tmp_path: Path, code: bool
) -> None:
    archive = write_zip(tmp_path / "seams.zip", codabench_files(code=code))
    call(app, "import", str(archive), "--no-trial")
    said = call(app, "export", "weld-seams", "--into", str(tmp_path / "one"))
    assert "not in the bundle" not in said
    first = tmp_path / "one" / "weld-seams.codabench.zip"
    with zipfile.ZipFile(first) as opened:
        described = YAML(typ="safe").load(opened.read("competition.yaml"))
        names = set(opened.namelist())
    columns = described["leaderboards"][0]["columns"]
    assert [column["key"] for column in columns] == ["Accuracy", "errors", "mean"]
    assert columns[2]["computation"] == "avg"
    assert columns[2]["computation_indexes"] == [0, 1]
    assert columns[1]["hidden"] is True
    assert described["phases"][0]["end"] == "2026-05-31 16:00:00+00:00"
    assert {"scoring_program/score.py", "reference_data/truth.txt"} <= names
    there, _ = elsewhere
    call(there, "import", str(first), "--no-trial", "--slug", "weld-seams")
    call(there, "export", "weld-seams", "--into", str(tmp_path / "two"))
    with zipfile.ZipFile(tmp_path / "two" / "weld-seams.codabench.zip") as opened:
        again = YAML(typ="safe").load(opened.read("competition.yaml"))
    for key in ("tasks", "phases", "leaderboards"):
        assert again[key] == described[key], key


def test_what_a_bundle_cannot_say_is_named(app: Flask, tmp_path: Path) -> None:
    call(app, "import", str(write_zip(tmp_path / "ev.zip", evalai_files(tmp_path))), "--no-trial")
    said = call(app, "export", "casting-defects", "--into", str(tmp_path), "--lang", "zh-Hans")
    assert "未导出：B 榜" in said
    with zipfile.ZipFile(tmp_path / "casting-defects.codabench.zip") as opened:
        names = opened.namelist()
        told = json.loads(opened.read("scoring_program/problem.json"))
    assert "scoring_program/challenge_data/challenge_1/main.py" in names
    assert "scoring_program/scoring/engine.py" in names
    assert told["file"] == "submission.json"


def test_a_damaged_dump_is_refused_with_its_place(app: Flask, tmp_path: Path) -> None:
    bad = {"format": "baijing-dump", "version": 1, "slug": "x", "contest": 3}
    archive = write_zip(tmp_path / "bad.zip", {"dump.json": json.dumps(bad)})
    result = app.test_cli_runner().invoke(commands, ["import", str(archive)])
    assert result.exit_code == 1
    assert "dump.json cannot be read: contest" in result.output
    result = app.test_cli_runner().invoke(commands, ["export", "nobody"])
    assert (result.exit_code, "nobody" in result.output) == (1, True)
