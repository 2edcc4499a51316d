from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.rig import Rig, give_image, rigged
from tests.engines import OwnEngine, own_engine


@pytest.fixture(scope="session")
def small_engine() -> Iterator[OwnEngine]:
    """An engine of our own with the image of the submissions, for all tests that hurt one."""
    with own_engine() as engine:
        give_image(engine)
        yield engine


@pytest.fixture
def engine(small_engine: OwnEngine) -> OwnEngine:
    """The same, running, whatever the test before did to it."""
    small_engine.thaw()
    small_engine.start()
    return small_engine


@pytest.fixture
def rig(tmp_path: Path, engine: OwnEngine, seed: int, socket_enabled: None) -> Iterator[Rig]:
    with rigged(tmp_path / "instance", engine, seed) as made:
        yield made


@pytest.fixture
def seed() -> int:
    return 1
