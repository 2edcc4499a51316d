import json
from pathlib import Path

import pytest
from flask import Flask

from app.core.db import Database
from app.core.platform import Platform
from app.problems import queries
from app.problems.cli import commands
from tests.factories import make_problem
from tests.factories.packs import run_scripts, write_pack
from tests.fakes.ports import MemoryQueue, ScriptedSandbox

pytestmark = pytest.mark.functional


def call(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(commands, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_pack_is_checked(app: Flask, sandbox: ScriptedSandbox, tmp_path: Path) -> None:
    sandbox.act = run_scripts
    pack = write_pack(tmp_path / "pack", generator=True)
    status, said = call(app, "check", str(pack))
    assert status == 0, said
    assert "baseline: ok" in said
    (pack / "problem.yaml").write_text("version: 1\nslag: x\n")
    status, said = call(app, "check", str(pack), "--lang", "zh-Hans")
    assert status == 1
    assert "problem.yaml:2" in said
    assert "未知的键" in said


def test_a_pack_is_published_and_its_baseline_entered(
    app: Flask, platform: Platform, queue: MemoryQueue, tmp_path: Path
) -> None:
    pack = write_pack(tmp_path / "pack")
    status, said = call(app, "publish", str(pack), "--contest", "autumn")
    assert status == 0, said
    assert "solder\trevision 1\t" in said
    assert len(queue.jobs) == 1
    status, said = call(app, "publish", str(pack))
    assert "solder\trevision 2\t" in said
    with platform.database.reading() as session:
        assert queries.get_problem(session, "solder").contest.slug == "autumn"
    status, said = call(app, "publish", str(pack), "--contest", "winter")
    assert (status, "another contest" in said) == (1, True)


def test_a_pack_for_which_there_is_no_pool_is_published_on_demand_only(
    app: Flask, tmp_path: Path
) -> None:
    pack = write_pack(tmp_path / "pack")
    yaml = (pack / "problem.yaml").read_text()
    (pack / "problem.yaml").write_text(yaml.replace("resources: {", "resources: {pool: fast, "))
    status, said = call(app, "publish", str(pack), "--lang", "zh-Hans")
    assert (status, "本题的运行指定在资源池“fast”" in said) == (1, True), said
    status, said = call(app, "publish", str(pack))
    assert (status, "no worker of that pool was heard of" in said) == (1, True), said
    status, said = call(app, "publish", str(pack), "--allow-missing-pool")
    assert status == 0, said


def test_what_cannot_be_published_is_one_line_each(
    app: Flask, sandbox: ScriptedSandbox, tmp_path: Path
) -> None:
    pack = write_pack(tmp_path / "pack", generator=True)
    sandbox.broken = True
    status, said = call(app, "publish", str(pack))
    assert (status, "engine unreachable" in said) == (1, True)
    (pack / "statement.en.md").unlink()
    status, said = call(app, "publish", str(pack))
    assert (status, "statement.en.md" in said) == (1, True)


def test_settings_are_set_by_name(app: Flask, database: Database) -> None:
    with database.transaction() as session:
        make_problem(session, slug="plain")
    assert call(app, "set", "plain", "submissions_per_day", "20")[0] == 0
    assert call(app, "set", "plain", "a.closes_at", "2030-06-30 24:00")[0] == 0
    status, said = call(app, "list")
    assert said.split("\n")[0] == "plain\tr1\tA:open B:upcoming\t20\t题目 plain"
    status, said = call(app, "set", "plain", "submission_per_day", "20")
    assert (status, "submissions_per_day" in said) == (1, True)
    status, said = call(app, "set", "nowhere", "team_size", "2")
    assert (status, "nowhere" in said) == (1, True)


def test_a_scaffold_and_the_schema(app: Flask, tmp_path: Path) -> None:
    status, said = call(app, "new", "my-problem", "--into", str(tmp_path))
    assert status == 0
    assert (Path(said.strip()) / "problem.yaml").is_file()
    assert call(app, "new", "my-problem", "--into", str(tmp_path))[0] == 1
    assert call(app, "new", "My Problem", "--into", str(tmp_path))[0] == 1
    assert call(app, "new", "odd", "--into", str(tmp_path), "--metric", "odd")[0] == 1
    schema = json.loads(call(app, "schema")[1])
    assert schema["additionalProperties"] is False
