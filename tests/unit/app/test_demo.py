"""The demo: prepared once however often, never in production, and clear about what failed."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from app import demo
from app.accounts.models import Role, User
from app.core.db import Base, Database
from app.core.platform import Platform
from app.evaluations.models import Evaluation, State, Verdict
from app.factory import create_app
from app.problems.models import Revision
from app.run_all import DEMO_ACCOUNTS
from app.settings import Environment, Settings
from tests.conftest import SECRET
from tests.factories import make_problem, make_submission
from tests.factories.packs import run_scripts, write_pack
from tests.fakes.ports import ScriptedSandbox


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: ScriptedSandbox) -> Path:
    """Two problems, one of them with a generator."""
    sandbox.act = run_scripts
    folder = tmp_path / "packs"
    write_pack(folder / "solder", slug="solder")
    write_pack(folder / "made", slug="made", generator=True)
    monkeypatch.setattr(demo, "PACKS", folder)
    return folder


@pytest.fixture
def bare(database: Database) -> None:
    """As on a first start: the demo makes the schema itself."""
    Base.metadata.drop_all(database.engine)


def call(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(demo.commands, arguments)


def count(database: Database, model: type) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


@pytest.mark.usefixtures("packs", "bare")
def test_preparing_twice_is_preparing_once(
    app: Flask, database: Database, sandbox: ScriptedSandbox
) -> None:
    first = call(app, "prepare")
    assert first.exit_code == 0, first.output
    with database.reading() as session:
        people = session.scalars(select(User).order_by(User.id)).all()
    assert [person.email.split("@")[0] for person in people] == list(DEMO_ACCOUNTS)
    assert [person.role for person in people] == [Role.PARTICIPANT, Role.JUDGE, Role.ORGANISER]
    assert (count(database, Revision), count(database, Evaluation)) == (2, 2)
    runs = len(sandbox.runs)
    again = call(app, "prepare")
    assert (again.exit_code, again.output) == (0, "")
    assert (count(database, User), count(database, Revision)) == (3, 2)
    assert (count(database, Evaluation), len(sandbox.runs)) == (2, runs)


@pytest.mark.usefixtures("bare")
def test_what_was_missing_is_added(app: Flask, database: Database, packs: Path) -> None:
    assert call(app, "prepare").exit_code == 0
    write_pack(packs / "third", slug="third")
    assert call(app, "prepare").exit_code == 0
    assert count(database, Revision) == 3


@pytest.mark.parametrize("command", ["prepare", "once"])
def test_production_refuses_in_one_line(
    command: str, platform: Platform, database: Database, tmp_path: Path
) -> None:
    production = Settings(
        instance=tmp_path, env=Environment.PRODUCTION, allow_embedded=True, secret_key=SECRET
    )
    result = call(create_app(production, platform), command)
    assert result.exit_code == 1
    assert result.output == (
        "baijing: the demo's accounts have published passwords: refused in production\n"
    )
    assert count(database, User) == 0


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("command", ["prepare", "once"])
def test_a_broken_pack_is_the_last_line(
    command: str, app: Flask, settings: Settings, packs: Path, socket_enabled: None
) -> None:
    settings.instance.mkdir(exist_ok=True)
    (packs / "made" / "problem.yaml").write_text("version: 1\nslag: x\n")
    result = call(app, command)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.output.splitlines()[-1].startswith("baijing: problem.yaml")


@pytest.mark.usefixtures("packs", "bare")
def test_a_broken_sandbox_is_the_last_line(app: Flask, sandbox: ScriptedSandbox) -> None:
    sandbox.broken = True
    result = call(app, "prepare")
    assert (result.exit_code, result.output.splitlines()[-1]) == (
        1,
        "baijing: engine unreachable",
    )


def test_scores_are_printed_and_a_failure_comes_last(
    platform: Platform, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    with database.transaction() as session:
        scored = make_problem(session, slug="a-scored")
        make_submission(session, problem=scored, baseline=True, scores={"A": {"accuracy": 0.75}})
    assert demo.report(platform) == 0
    assert capfd.readouterr() == ("a-scored\tA\taccuracy\t0.75\n", "")
    with database.transaction() as session:
        broken = make_problem(session, slug="b-broken")
        make_submission(
            session,
            problem=broken,
            baseline=True,
            state=State.FAILED,
            verdict=Verdict.RUNTIME_ERROR,
        )
        failed = session.scalars(select(Evaluation).order_by(Evaluation.id.desc()).limit(1)).one()
        failed.staff_message = "Traceback:\n  line 1\nValueError: no"
    assert demo.report(platform) == 1
    printed = capfd.readouterr()
    assert printed.out == "a-scored\tA\taccuracy\t0.75\n"
    assert printed.err == "b-broken A: failed runtime_error Traceback: line 1 ValueError: no\n"


def test_no_baseline_at_all_is_a_failure(
    platform: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    assert demo.report(platform) == 1
    assert capfd.readouterr() == ("", "no baseline was submitted\n")
