"""The table of attacks is covered, the cases are in form, production refuses what cannot hold."""

import ast
import re
from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings
from tests.sandbox.cases import BACKENDS, CASES, all_cases

ROOT = Path(__file__).parents[2]
ROWS = frozenset({*(str(row) for row in range(1, 38)), "2b"})
LEAST = 66
TRUSTED = (
    "app/**/*.py",
    "sandbox/**/*.py",
    "scoring/**/*.py",
    "problems/*.py",
    "problems/*/scorer.py",
)
UNPICKLERS = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"})
PRODUCTION = {
    "BAIJING_ENV": "production",
    "BAIJING_DATABASE_URL": "postgresql+psycopg://baijing@db/baijing",
    "BAIJING_REDIS_URL": "redis://redis:6379/0",
    "BAIJING_SECRET_KEY": "x" * 32,
}
CHOSEN = {
    "docker": {"BAIJING_SANDBOX": "docker"},
    "runsc": {"BAIJING_SANDBOX": "docker", "BAIJING_SANDBOX_RUNTIME": "runsc"},
    "bubblewrap": {"BAIJING_SANDBOX": "bubblewrap"},
}
ELSEWHERE = {
    "10": ("tests/sandbox/test_neighbour.py", "test_a_reader_that_stalls_does_not_stop_the_kill"),
    "29": ("tests/unit/sandbox/test_archive.py", "test_bomb_is_stopped_by_what_comes_out"),
    "30": ("tests/unit/sandbox/test_collect.py", "test_names_in_a_tar_cannot_climb"),
    "37": ("tests/sandbox/test_silent_engine.py", "test_a_call_that_is_never_answered_ends"),
    "31": ("tests/sandbox/test_cases.py", "test_nothing_of_ours_unpickles"),
    "32": ("tests/unit/scoring/test_program_result.py", "test_scores_are_finite"),
}
"""Rows that no program inside a sandbox can try, and the tests that try them."""


def test_every_row_of_the_table_is_covered() -> None:
    covered = {row for case in all_cases() for row in case.covers}
    assert covered <= ROWS
    assert covered | set(ELSEWHERE) == ROWS
    for path, name in ELSEWHERE.values():
        assert re.search(
            rf"^def {name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE
        ), name


def test_there_are_enough_cases_and_each_has_a_program() -> None:
    cases = all_cases()
    assert len(cases) >= LEAST
    for case in cases:
        programs = [path.name for path in case.folder.iterdir() if path.name != "case.toml"]
        assert set(programs) & {"main.py", "run.sh"}, case.name
        assert set(programs) <= {"main.py", "run.sh", "setup.py", "__pycache__"}, case.name
        assert case.expected.verdict, case.name
    assert {path.name for path in CASES.iterdir() if path.is_dir()} == {case.name for case in cases}


def test_a_part_of_the_cases_is_for_the_short_suite() -> None:
    assert 10 <= sum(case.smoke for case in all_cases()) <= 25


@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_production_refuses_a_backend_that_cannot_hold_a_case(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = [case.name for case in all_cases() if backend in case.cannot_hold]
    for name, value in {**PRODUCTION, **CHOSEN[backend]}.items():
        monkeypatch.setenv(name, value)
    if not declared:
        assert load_settings().production
        return
    with pytest.raises(SettingsError, match="BAIJING_SANDBOX"):
        load_settings()


def test_nothing_of_ours_unpickles() -> None:
    """A pickle is a program: nothing that reads what others wrote may load one."""
    for path in (path for pattern in TRUSTED for path in ROOT.glob(pattern)):
        if "images" in path.relative_to(ROOT).parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not imported(tree) & UNPICKLERS, path
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for keyword in call.keywords:
                if keyword.arg == "allow_pickle":
                    assert isinstance(keyword.value, ast.Constant), path
                    assert keyword.value.value is False, path


def imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found
