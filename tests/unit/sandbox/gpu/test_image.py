"""The image for GPU runs: several gigabytes that no test builds, so its recipe is checked."""

import re
from collections.abc import Mapping

import pytest
from packaging.markers import Marker

from sandbox.manifest import marker_environment, read_manifest
from sandbox.recipes import IMAGES, PYTHONS, find_recipe

PINNED = re.compile(
    r"^([a-z0-9-]+)==(\S+)(?: ; ([^\\]+?))? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+",
    re.MULTILINE,
)


def locked(image: str, python: str) -> Mapping[str, str]:
    """The versions that a lock means on Linux under one Python."""
    text = find_recipe(image).requirements.read_text(encoding="utf-8")
    there = marker_environment(python)
    return {
        name: version
        for name, version, marker in PINNED.findall(text)
        if not marker or Marker(marker).evaluate(there)
    }


def test_every_line_of_the_lock_is_a_hashed_version() -> None:
    text = find_recipe("python-gpu").requirements.read_text(encoding="utf-8")
    rest = [line for line in PINNED.sub("", text).splitlines() if not line.startswith("    #")]
    assert rest == []
    assert "://" not in text


@pytest.mark.parametrize("python", PYTHONS)
def test_it_has_torch_with_cuda_and_all_of_python_cpu(python: str) -> None:
    gpu, cpu = locked("python-gpu", python), locked("python-cpu", python)
    assert {"torch", "triton", "cuda-bindings", "setuptools"} <= set(gpu)
    assert any(name.startswith("nvidia-cudnn-cu") for name in gpu)
    differing = {name for name in cpu if gpu.get(name) != cpu[name]}
    assert not differing, "lock python-gpu again: its requirements.in says how"


def test_the_list_of_its_packages_is_that_of_the_lock() -> None:
    described = read_manifest(find_recipe("python-gpu"))
    versions = {name: package.version for name, package in described.by_name.items()}
    assert versions == locked("python-gpu", "3.11")
    assert described.image == "python-gpu"
    assert "torch" in described.by_import


@pytest.mark.parametrize("name", ["Dockerfile", "scoring.Dockerfile"])
def test_it_is_built_on_any_base_with_no_network(name: str) -> None:
    text = (IMAGES / "python-gpu" / name).read_text(encoding="utf-8")
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE_IMAGE}"}
    installs = re.findall(r"pip install [^&]*", text)
    assert all("--no-index" in line and "--require-hashes" in line for line in installs)
    assert not re.search(r"\b(ENTRYPOINT|USER|VOLUME|ONBUILD|curl|wget|apt-get)\b", text)


def test_our_layer_is_the_same_on_both() -> None:
    layers = {
        (IMAGES / name / "scoring.Dockerfile").read_text() for name in ("python-cpu", "python-gpu")
    }
    assert len(layers) == 1


def test_what_is_imported_ahead_is_in_it() -> None:
    recipe = find_recipe("python-gpu")
    known = read_manifest(recipe).by_import
    assert "torch" in recipe.preloaded
    assert {module.partition(".")[0] for module in recipe.preloaded} <= set(known)
