"""Production refuses what is unsafe: through the real command line, in one line, with status 2."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each starts the whole command line in a process of its own

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "BAIJING_ENV": "production",
    "BAIJING_DATABASE_URL": "postgresql+psycopg://baijing@127.0.0.1:1/baijing",
    "BAIJING_REDIS_URL": "redis://127.0.0.1:1/0",
    "BAIJING_SANDBOX": "docker",
    "BAIJING_SECRET_KEY": "0123456789abcdef0123456789abcdef",
}
REFUSED = {
    "SQLite": {"BAIJING_DATABASE_URL": "sqlite:////var/lib/baijing/baijing.db"},
    "embedded Redis": {"BAIJING_REDIS_URL": ""},
    "bubblewrap": {"BAIJING_SANDBOX": "bubblewrap"},
    "generated key": {"BAIJING_SECRET_KEY": ""},
    "short key": {"BAIJING_SECRET_KEY": "0123456789abcdef"},
    "not a number": {"BAIJING_WEB_WORKERS": "many"},
    "unknown blob store": {"BAIJING_BLOBS_URL": "ftp://example.org/blobs"},
}
ROUTES = ("routes",)  # loads the application and touches neither database nor Redis


def flask(
    instance: Path, settings: Mapping[str, str], *command: str
) -> "subprocess.CompletedProcess[str]":
    ours = {name: value for name, value in os.environ.items() if not name.startswith("BAIJING_")}
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *command],
        cwd=ROOT,
        env={**ours, "FLASK_SKIP_DOTENV": "1", "BAIJING_INSTANCE": str(instance), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_production_refuses(wrong: dict[str, str], tmp_path: Path) -> None:
    finished = flask(tmp_path / "instance", {**SAFE, **wrong}, "web")
    assert finished.returncode == 2, finished.stderr
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert line.startswith(f"baijing: {next(iter(wrong))}")
    assert not (tmp_path / "instance").exists(), "nothing is made before the settings are right"


def test_production_names_everything_that_is_unsafe(tmp_path: Path) -> None:
    finished = flask(tmp_path, {"BAIJING_ENV": "production"}, "worker")
    assert finished.returncode == 2
    named = [name for name in SAFE if name != "BAIJING_ENV" and name in finished.stderr]
    assert len(named) == 4
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    "settings",
    [SAFE, {"BAIJING_ENV": "production", "BAIJING_ALLOW_EMBEDDED": "1"}],
    ids=["safe", "embedded on purpose"],
)
def test_production_accepts(settings: dict[str, str], tmp_path: Path) -> None:
    finished = flask(tmp_path, settings, *ROUTES)
    assert finished.returncode == 0, finished.stderr


def test_production_has_no_demo(tmp_path: Path) -> None:
    finished = flask(tmp_path, SAFE, "demo", "prepare")
    assert finished.returncode != 0
    assert "refused in production" in finished.stderr.splitlines()[-1]
