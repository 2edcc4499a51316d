"""Fixtures: a platform of fakes around a real database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.blobs import LocalBlobs
from app.core.db import Base, Database
from app.core.platform import Platform
from app.core.sealing import Seal
from app.factory import create_app
from app.settings import Settings
from tests.databases import (
    PostgresForTests,
    has_postgres,
    kinds_for,
    new_postgres_database,
    open_sqlite,
)
from tests.fakes.gpus import FakeGpus, MemoryLeases
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox

# how long an example takes says how busy the machine is, not whether the code is right
hypothesis.settings.register_profile("baijing", deadline=None)
hypothesis.settings.load_profile("baijing")

SECRET = "a-secret-for-tests-of-more-than-32-characters"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(instance=tmp_path / "instance", secret_key=SECRET, api_rate="10000 per minute")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("chosen", "sqlite", "postgres"),
        default="chosen",
        help="chosen: SQLite, and PostgreSQL too where tests/databases.py says that it matters",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is listed on both engines."""
    if "database" not in metafunc.fixturenames:
        return
    kinds = kinds_for(metafunc.definition.path, metafunc.config.getoption("--database"))
    if kinds != ("sqlite",):
        marks = {"sqlite": (), "postgres": (pytest.mark.postgres,)}
        parameters = [pytest.param(kind, marks=marks[kind]) for kind in kinds]
        metafunc.parametrize("database", parameters, indirect=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say what is missing; `make test` refuses to leave it out where it could be installed."""
    if item.get_closest_marker("postgres") and not has_postgres():
        pytest.skip("no PostgreSQL server (TEST_POSTGRES_URL): tools/services run …")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with every table: copied for each test, which is faster than creating them."""
    path = tmp_path_factory.mktemp("schema") / "empty.db"
    opened = Database.connect(f"sqlite:///{path}")
    Base.metadata.create_all(opened.engine)
    opened.engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresForTests]:
    with new_postgres_database() as url:
        shared = PostgresForTests(url)
        shared.create_tables()
        yield shared


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with every table: SQLite, or PostgreSQL where the test is marked so."""
    if getattr(request, "param", "sqlite") == "postgres":
        with request.getfixturevalue("postgres").open() as opened:
            yield opened
    else:
        with open_sqlite(tmp_path / "test.db", request.getfixturevalue("empty_database")) as opened:
            yield opened


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture
def sandbox() -> ScriptedSandbox:
    return ScriptedSandbox()


@pytest.fixture
def gpus() -> FakeGpus:
    return FakeGpus()


@pytest.fixture
def leases(clock: FrozenClock) -> MemoryLeases:
    return MemoryLeases(clock)


@pytest.fixture
def platform(
    tmp_path: Path,
    database: Database,
    queue: MemoryQueue,
    clock: FrozenClock,
    blobs: LocalBlobs,
    sandbox: ScriptedSandbox,
    gpus: FakeGpus,
    leases: MemoryLeases,
) -> Platform:
    cache = tmp_path / "cache"
    cache.mkdir()
    return Platform(
        database=database,
        queue=queue,
        clock=clock,
        blobs=blobs,
        sandbox=lambda: sandbox,
        leases=leases,
        gpus=gpus,
        seal=Seal(SECRET),
        installation="test",
        cache=cache,
    )


@pytest.fixture
def app(settings: Settings, platform: Platform) -> Flask:
    built = create_app(settings, platform)
    built.testing = True
    return built


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def sign_in(client: FlaskClient) -> Callable[[User], None]:
    """Put a person's cookie into the test client."""

    def put(user: User) -> None:
        with client.session_transaction() as cookie:
            cookie["_user_id"] = f"{user.id}:{user.session_epoch}"
            cookie["_fresh"] = True

    return put


@pytest.fixture
def count_queries(database: Database) -> Callable[[], AbstractContextManager[list[str]]]:
    """Collect the SELECTs, INSERTs, UPDATEs and DELETEs sent while the block runs."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return counting
