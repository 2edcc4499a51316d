"""`flask leaderboard …`: files that spreadsheets open, and boards proved right."""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import delete, select

from app.core.db import Database
from app.evaluations.standings import ensure_fresh
from app.leaderboards.cli import commands
from app.problems.models import Problem
from app.standings.models import Standing
from app.teams.models import Team
from tests.factories import make_problem, make_submission, make_team
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def runner(app: Flask, database: Database, clock: FrozenClock) -> FlaskCliRunner:
    app.cli.add_command(commands)
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        for name, value in (("低分队", 0.25), ("=1+1", 0.75)):
            make_submission(
                session,
                problem=problem,
                team=make_team(session, problem=problem, name=name),
                scores={"A": {"macro_f1": value, "accuracy": 1.0}, "B": {"macro_f1": 0.125}},
            )
        ensure_fresh(session, problem, now=clock.now())
    return app.test_cli_runner()


def run(runner: FlaskCliRunner, *arguments: str) -> Result:
    return runner.invoke(args=["leaderboard", *arguments])


def test_a_csv_opens_in_excel_and_runs_no_formula(runner: FlaskCliRunner) -> None:
    done = run(runner, "export", "pcb", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert done.stdout_bytes.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"))))
    assert rows[0][:5] == ["Rank", "Team", "Division", "macro_f1", "accuracy"]
    assert [row[:5] for row in rows[1:]] == [
        ["1", "'=1+1", "", "0.75", "1.0"],
        ["2", "低分队", "", "0.25", "1.0"],
    ]


def test_a_workbook_has_text_as_text(runner: FlaskCliRunner, tmp_path: Path) -> None:
    path = tmp_path / "board.xlsx"
    done = run(runner, "export", "pcb", "--format", "xlsx", "--output", str(path))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        for name in names:
            ET.fromstring(archive.read(name))  # noqa: S314 — our own
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    assert {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"} <= names
    assert [list(texts(row))[:4] for row in sheet.iter(f"{SHEET}row")] == [
        ["名次", "队伍", "组别", "macro_f1"],
        ["1", "=1+1", "", "0.75"],
        ["2", "低分队", "", "0.25"],
    ]


def texts(row: ET.Element) -> Iterator[str]:
    for cell in row:
        yield "".join(cell.itertext())


def test_board_b_is_written_before_the_reveal_only_when_asked_for(runner: FlaskCliRunner) -> None:
    refused = run(runner, "export", "pcb", "--board", "B")
    assert refused.exit_code == 1
    assert "0.125" not in refused.output
    written = run(runner, "export", "pcb", "--board", "B", "--before-reveal")
    assert "0.125" in written.output


def test_several_problems_make_one_board(runner: FlaskCliRunner, database: Database) -> None:
    with database.transaction() as session:
        captain = session.scalars(select(Team).where(Team.name == "低分队")).one().captain
        other = make_problem(session, slug="milk-run")
        make_submission(
            session,
            problem=other,
            team=make_team(session, problem=other, captain=captain, name="同一个人"),
            scores={"A": {"macro_f1": 0.5}},
        )
    done = run(runner, "combine", "borda", "pcb", "milk-run")
    assert done.exit_code == 0, done.output
    rows = list(csv.reader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"))))
    assert rows == [
        ["rank", "team", "borda", "pcb", "milk-run"],
        ["1", "'=1+1", "2.0", "2.0", "0.0"],
        ["1", "低分队", "2.0", "1.0", "1.0"],
    ]
    refused = run(runner, "combine", "points", "pcb", "--board", "B")
    assert (refused.exit_code, "0.125" in refused.output) == (1, False)


@pytest.mark.parametrize("wrong", [("nowhere",), ("pcb", "--division", "nobody")])
def test_what_is_not_there_is_one_line(runner: FlaskCliRunner, wrong: tuple[str, ...]) -> None:
    done = run(runner, "export", *wrong)
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")


def test_a_board_that_is_wrong_is_found_and_mended(
    runner: FlaskCliRunner, database: Database
) -> None:
    assert run(runner, "rebuild", "--check").output == "pcb\tA\t2\t0\npcb\tB\t2\t0\n"
    with database.transaction() as session:
        lost = session.scalars(select(Standing.id)).first()
        session.execute(delete(Standing).where(Standing.id == lost))
    found = run(runner, "rebuild", "--check")
    assert found.exit_code == 1
    assert "pcb\tA\t1\t2" in found.output  # the row, and the count of its bucket
    assert run(runner, "rebuild", "pcb").exit_code == 0
    assert run(runner, "rebuild", "--check").exit_code == 0
    with database.transaction() as session:
        session.scalars(select(Problem)).one().board_rules = {"counts": "last"}
    assert "stale" in run(runner, "rebuild", "--check").output
