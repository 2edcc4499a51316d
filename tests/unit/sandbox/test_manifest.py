"""Packages of images as a document: what the wheels say, and that it says what the lock says."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.manifest import describe_wheels, read_manifest
from sandbox.recipes import Recipe, find_recipe, recipe_names
from sandbox.types import SandboxError

DOCUMENTED = [name for name in recipe_names() if find_recipe(name).packages.is_file()]


def write_wheel(folder: Path, name: str, metadata: str, *files: str) -> None:
    module = name.replace("-", "_")
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w") as wheel:
        for file in files:
            wheel.writestr(file, "")
        wheel.writestr(
            f"{module}-1.0.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}",
        )


def test_the_default_image_is_documented() -> None:
    assert "python-cpu" in DOCUMENTED


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_document_says_what_its_lock_says(name: str) -> None:
    recipe = find_recipe(name)
    manifest = read_manifest(recipe)
    text = "\n" + recipe.requirements.read_text()
    locked = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", text, re.MULTILINE))
    assert manifest.image == name
    for package in manifest.packages:
        # one name may be locked twice, for a Python that no base has
        assert f"\n{package.name}=={package.version} " in text
    absent = set(locked) - set(manifest.by_name)
    # what only other systems need is locked too
    assert absent <= {"colorama"}
    # a package that brings nothing but others may come without one
    assert all(package.licence for package in manifest.packages if package.imports)
    assert recipe.packages.read_text(encoding="utf-8") == manifest.to_json()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_people_ask_for_is_in_the_document(name: str) -> None:
    manifest = read_manifest(find_recipe(name))
    asked = find_recipe(name).directory.joinpath("requirements.in").read_text().splitlines()
    wanted = {line for line in asked if re.fullmatch(r"[a-z0-9-]+", line)}
    assert wanted <= set(manifest.by_name)


def test_imports_licences_and_extras_come_from_the_wheels(tmp_path: Path) -> None:
    extras = "Provides-Extra: fast\nProvides-Extra: all\nProvides-Extra: gone\n"
    needs = (
        'Requires-Dist: other>=1; extra == "fast"\n'
        'Requires-Dist: my-lib[fast]; extra == "all"\n'
        'Requires-Dist: nowhere; extra == "gone"\n'
    )
    write_wheel(
        tmp_path,
        "my-lib",
        f"License-Expression: MIT\nSummary: Mine.\n{extras}{needs}",
        "my_lib/__init__.py",
        "single.py",
        "native.cpython-311-x86_64-linux-gnu.so",
        "_private.py",
        "my_lib.libs/x.so",
        "data/table.csv",
    )
    write_wheel(
        tmp_path,
        "other",
        f"License: {'long ' * 40}\nClassifier: License :: OSI Approved :: BSD License\n",
        "other/__init__.py",
    )
    mine, other = describe_wheels("x", tmp_path).packages
    assert mine.imports == ("my_lib", "native", "single")
    assert (mine.licence, mine.summary) == ("MIT", "Mine.")
    assert mine.extras == ("all", "fast")
    assert other.licence == "BSD License"


def test_a_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = read_manifest(find_recipe("python-cpu"))
    (tmp_path / "packages.json").write_text(replace(manifest, image="x").to_json())
    assert read_manifest(Recipe("x", tmp_path)) == replace(manifest, image="x")


@pytest.mark.parametrize("text", ["", "[]", '{"packages": [{}]}', json.dumps({"packages": []})])
def test_a_damaged_document_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "packages.json").write_text(text)
    with pytest.raises(SandboxError, match="image x has no list"):
        read_manifest(Recipe("x", tmp_path))


def test_import_names_lead_to_packages() -> None:
    manifest = read_manifest(find_recipe("python-cpu"))
    assert manifest.by_import["cv2"].name == "opencv-python-headless"
    assert manifest.by_import["sklearn"].name == "scikit-learn"
    assert manifest.by_import["yaml"].name == "pyyaml"
