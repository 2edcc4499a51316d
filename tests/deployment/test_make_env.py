import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "make-env"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        yield path


def make(file: Path, engine: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SCRIPT, file],
        env={"PATH": "/usr/bin:/bin", "DOCKER_SOCKET": str(engine)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_secrets_are_long_fresh_and_private(tmp_path: Path, engine: Path) -> None:
    written = []
    for name in ("one", "two"):
        assert make(tmp_path / name, engine).returncode == 0
        lines = (tmp_path / name).read_text().splitlines()
        written.append(dict(line.split("=") for line in lines))
    first, second = written
    assert first.pop("DOCKER_GID") == second.pop("DOCKER_GID") == str(engine.stat().st_gid)
    assert set(first) == {"BAIJING_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    values = [*first.values(), *second.values()]
    assert len(set(values)) == len(values)
    assert {len(value) for value in values} == {64}
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_kept(tmp_path: Path, engine: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("mine")
    finished = make(file, engine)
    assert finished.returncode == 1
    assert file.read_text() == "mine"
    assert "exists" in finished.stderr


def test_without_an_engine_nothing_is_written(tmp_path: Path) -> None:
    finished = make(tmp_path / "file", tmp_path / "nowhere")
    assert finished.returncode == 2
    assert not (tmp_path / "file").exists()
