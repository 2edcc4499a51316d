from pathlib import Path

import pytest

from sandbox.archive import ArchiveCode, ArchiveError
from sandbox.entrypoint import find_command
from sandbox.recipes import Recipe, find_recipe, scoring_source, source_files
from sandbox.types import SandboxError


def test_main_py_comes_first(tmp_path: Path) -> None:
    (tmp_path / "run.sh").touch()
    assert find_command(tmp_path) == ("bash", "run.sh")
    (tmp_path / "main.py").touch()
    assert find_command(tmp_path) == ("python", "main.py")


def test_nothing_to_start(tmp_path: Path) -> None:
    (tmp_path / "main.py").mkdir()
    (tmp_path / "run.sh").symlink_to("/bin/sh")
    with pytest.raises(ArchiveError) as caught:
        find_command(tmp_path)
    assert caught.value.code is ArchiveCode.NO_ENTRYPOINT


def test_the_recipe_of_the_default_image() -> None:
    recipe = find_recipe("python-cpu")
    locked = recipe.requirements.read_text(encoding="utf-8")
    for package in (
        "numpy",
        "pandas",
        "scipy",
        "scikit-learn",
        "pillow",
        "lightgbm",
        "onnxruntime",
    ):
        assert f"\n{package}==" in f"\n{locked}"
    assert "--hash=sha256:" in locked
    assert "://" not in locked
    assert len(recipe.digest()) == 64
    assert recipe.digest() != recipe.libraries_digest()


@pytest.mark.parametrize("name", ["nothing", "../images/python-cpu", ""])
def test_unknown_recipes(name: str) -> None:
    with pytest.raises(SandboxError, match="python-cpu"):
        find_recipe(name)


def test_identity_follows_content(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    first = Recipe("x", tmp_path).libraries_digest()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").touch()
    assert Recipe("x", tmp_path).libraries_digest() == first
    (tmp_path / "Dockerfile").write_text("FROM y\n")
    assert Recipe("x", tmp_path).libraries_digest() != first


def test_scoring_is_found_without_its_leftovers() -> None:
    source = scoring_source()
    assert source is not None
    names = {path.name for path in source_files(source)}
    assert "__init__.py" in names
    assert not any(name.endswith(".pyc") for name in names)
