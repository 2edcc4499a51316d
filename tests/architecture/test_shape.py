"""Shape of the code base: sizes, docstrings of modules, and tests that are collected."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "trial", "scoring", "sandbox", "problems")
LONGEST_FUNCTION = 45
LONGEST_FILE = 400


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    # a pack's folder name is a slug: its scripts stand alone and are checked in the sandbox
    return [path for path in found if "-" not in path.relative_to(ROOT).parts[1]]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(), ids=name)
def test_files_stay_small_and_say_their_rule(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"


@pytest.mark.parametrize("path", modules(), ids=name)
def test_functions_stay_short(path: Path) -> None:
    long = {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _lines_of_code(node) > LONGEST_FUNCTION
    }
    assert not long


def _lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return sum(len(ast.unparse(statement).splitlines()) for statement in body)


def test_every_test_function_is_collected() -> None:
    stray = {
        f"{path.name}:{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("test_")
        and not node.decorator_list
        and not _called(path, node.name)
        and any(isinstance(inner, ast.Assert) for inner in ast.walk(node))
    }
    assert not stray


def _called(path: Path, function: str) -> bool:
    return path.read_text().count(f"{function}(") > 1
