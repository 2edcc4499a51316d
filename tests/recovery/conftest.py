from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recovery.installation import Installation, opened


@pytest.fixture(
    params=[
        pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
        pytest.param("docker", marks=pytest.mark.docker),
    ]
)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def installation(tmp_path: Path, backend: str, socket_enabled: None) -> Iterator[Installation]:
    """A published tiny problem and a running Redis; the test starts the rest."""
    with opened(tmp_path / "instance", backend) as running:
        running.start_redis()
        running.publish()
        yield running


@pytest.fixture
def light(tmp_path: Path, socket_enabled: None) -> Iterator[Installation]:
    """The same for tests that run no code."""
    with opened(tmp_path / "instance", "bubblewrap") as running:
        running.start_redis()
        running.publish()
        yield running
