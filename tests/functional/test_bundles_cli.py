from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.bundles.cli import commands
from app.core.audit import AuditEntry
from app.core.platform import Platform
from app.problems.models import Board
from app.problems.organiser_settings import show_settings
from app.problems.queries import get_current_revision, get_problem
from tests.factories.bundles import CODABENCH, codabench_files, write_zip

pytestmark = pytest.mark.functional


def call(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(commands, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_bundle_is_looked_at_without_a_trace(
    app: Flask, platform: Platform, tmp_path: Path
) -> None:
    archive = write_zip(tmp_path / "seams.zip", codabench_files(code=True))
    status, said = call(app, "check", str(archive), "--lang", "zh-Hans")
    assert status == 0, said
    assert "weld-seams\tcode\taccuracy errors mean\tFirst · Development" in said
    assert "未导入" in said
    assert "即北京时间 2026-05-02 02:00:00" in said
    with platform.database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []
    assert list(platform.cache.iterdir()) == []


def test_a_bundle_becomes_a_problem_with_its_settings(
    app: Flask, platform: Platform, tmp_path: Path
) -> None:
    archive = write_zip(tmp_path / "seams.zip", codabench_files())
    status, said = call(
        app, "import", str(archive), "--no-trial", "--area", "quality-inspection",
        "--licence", "MIT", "--contest", "autumn",
    )  # fmt: skip
    assert status == 0, said
    assert said.endswith("weld-seams\trevision 1\n")
    with platform.database.reading() as session:
        problem = get_problem(session, "weld-seams")
        settings = show_settings(problem)
        revision = get_current_revision(session, problem)
        boards = [board.board for board in revision.boards]
        files = {file.path for file in revision.files}
        contest = problem.contest.slug
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "bundle.import")
        ).one()
    assert settings["a.opens_at"] == "2026-05-02 02:00"
    assert settings["a.closes_at"] == "2026-06-01 00:00"
    assert (settings["counts"], settings["hidden_columns"]) == ("last", "errors")
    assert settings["submissions_per_day"] == "4"
    assert contest == "autumn"
    assert boards == [Board.A]
    assert files == {"public_data/train.txt", "sample_submission.zip"}
    assert entry.facts["problems"] == ["weld-seams"]
    assert any("docker_image" in lost for lost in entry.facts["not_carried_over"])


def test_a_name_that_is_taken_needs_a_word(app: Flask, tmp_path: Path) -> None:
    archive = str(write_zip(tmp_path / "seams.zip", codabench_files()))
    assert call(app, "import", archive, "--no-trial")[0] == 0
    status, said = call(app, "import", archive, "--no-trial", "--lang", "zh-Hans")
    assert (status, "已有题目“weld-seams”" in said) == (1, True), said
    status, said = call(app, "import", archive, "--no-trial", "--update")
    assert (status, "weld-seams\trevision 2" in said) == (0, True), said
    status, said = call(app, "import", archive, "--no-trial", "--slug", "other")
    assert (status, "other\trevision 1" in said) == (0, True), said


@pytest.mark.parametrize("command", ["check", "import"])
def test_what_is_wrong_is_said_and_nothing_is_made(
    app: Flask, platform: Platform, tmp_path: Path, command: str
) -> None:
    files = codabench_files() | {
        "competition.yaml": CODABENCH.replace("reference_data: dev", "reference_data: ../x")
    }
    broken = write_zip(tmp_path / "broken.zip", files)
    climbing = write_zip(tmp_path / "climbing.zip", {"../competition.yaml": "x"})
    (tmp_path / "words.zip").write_text("no zip")
    status, said = call(app, command, str(broken))
    assert (status, "leads out of the bundle" in said) == (1, True), said
    status, said = call(app, command, str(climbing))
    assert (status, "leads out with “..”" in said) == (1, True), said
    status, said = call(app, command, str(tmp_path / "words.zip"), "--lang", "zh-Hans")
    assert (status, "不是有效的 zip" in said) == (1, True), said
    with platform.database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []
