"""Fixtures: the programs of packs, loaded from their folders as the sandbox would."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


def load_script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # keep the pack's folder clean
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


@pytest.fixture
def milk_run_scorer() -> ModuleType:
    return load_script(ROOT / "problems" / "milk-run" / "scorer.py")


@pytest.fixture
def milk_run_generator() -> ModuleType:
    return load_script(ROOT / "problems" / "milk-run" / "generate.py")


@pytest.fixture
def job_shop_scorer() -> ModuleType:
    return load_script(ROOT / "problems" / "job-shop" / "scorer.py")


@pytest.fixture
def job_shop_generator() -> ModuleType:
    return load_script(ROOT / "problems" / "job-shop" / "generate.py")
