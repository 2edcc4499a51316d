"""Leases, on the fake and on a real Redis: nobody shares, whatever happens to the store."""

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.compute.leases import DeviceLeases
from app.core.leases import LeaseStore, LeasesUnavailableError
from app.core.redis import connect, embedded_url
from app.core.redis_leases import RedisLeases
from tests.fakes.gpus import MemoryLeases
from tests.fakes.ports import FrozenClock
from tests.redis_server import running_redis

MINUTE = timedelta(minutes=1)
EIGHT = [f"GPU-{number}" for number in range(8)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def store(request: pytest.FixtureRequest) -> Iterator[LeaseStore]:
    if request.param == "memory":
        yield MemoryLeases(FrozenClock())
        return
    client = connect(request.getfixturevalue("server"))
    client.flushall()
    yield RedisLeases(client)
    client.close()


def test_a_lease_is_its_owners_alone(store: LeaseStore) -> None:
    assert store.hold(EIGHT[:2], "one", ttl=MINUTE) == {}
    assert store.hold(EIGHT[1:3], "two", ttl=MINUTE) == {EIGHT[1]: "one"}
    # all or none
    assert store.holders(EIGHT) == {EIGHT[0]: "one", EIGHT[1]: "one"}
    assert store.hold(EIGHT[:2], "one", ttl=MINUTE) == {}
    store.release(EIGHT, "two")
    store.release([EIGHT[0]], "one")
    assert store.holders(EIGHT) == {EIGHT[1]: "one"}
    assert store.hold([], "two", ttl=MINUTE) == {}


def test_the_lease_of_a_claim_that_is_over_binds_nobody(store: LeaseStore) -> None:
    leases = DeviceLeases(store, "here", MINUTE)
    assert leases.take(EIGHT[:1], 1, 1, lambda _one, _two: True)
    assert not leases.take(EIGHT[:1], 2, 1, lambda _one, _two: True)
    assert leases.take(EIGHT[:1], 2, 1, lambda _one, _two: False)
    assert not leases.renew(EIGHT[:1], 1, 1)
    elsewhere = DeviceLeases(store, "elsewhere", MINUTE)
    assert not elsewhere.take(EIGHT[:1], 3, 1, lambda _one, _two: False)
    store.hold(EIGHT[1:2], "nonsense", ttl=MINUTE)
    assert not leases.take(EIGHT[1:2], 2, 1, lambda _one, _two: False)


def test_what_was_forgotten_is_taken_again_by_its_owner(store: LeaseStore) -> None:
    leases = DeviceLeases(store, "here", MINUTE)
    assert leases.take(EIGHT, 1, 1, lambda _one, _two: True)
    store.release(EIGHT, "here/1/1")  # what a flush does
    assert leases.renew(EIGHT, 1, 1)
    assert set(store.holders(EIGHT).values()) == {"here/1/1"}


@pytest.mark.redis
def test_a_lease_runs_out(server: str) -> None:
    client = connect(server)
    client.flushall()
    store = RedisLeases(client)
    assert store.hold(EIGHT[:1], "one", ttl=timedelta(milliseconds=50)) == {}
    deadline = time.monotonic() + 20
    while store.holders(EIGHT[:1]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert store.hold(EIGHT[:1], "two", ttl=MINUTE) == {}
    client.close()


@pytest.mark.redis
def test_fifty_threads_never_share_eight_cards(server: str) -> None:
    client = connect(server)
    client.flushall()
    store = RedisLeases(client)
    users: dict[str, int] = dict.fromkeys(EIGHT, 0)
    most, guard, runs = dict.fromkeys(EIGHT, 0), threading.Lock(), itertools.count()

    def work(number: int) -> int:
        done = 0
        for attempt in range(20):
            wanted = [EIGHT[(number + attempt) % 8], EIGHT[(number * 3 + attempt) % 8]]
            wanted = sorted(set(wanted))
            owner = f"here/{number}/{attempt}"
            if store.hold(wanted, owner, ttl=MINUTE):
                continue
            with guard:
                for name in wanted:
                    users[name] += 1
                    most[name] = max(most[name], users[name])
            next(runs)
            with guard:
                for name in wanted:
                    users[name] -= 1
            store.release(wanted, owner)
            done += 1
        return done

    with ThreadPoolExecutor(50) as pool:
        done = sum(pool.map(work, range(50)))
    assert done > 0
    assert most == dict.fromkeys(EIGHT, 1)
    assert store.holders(EIGHT) == {}
    client.close()


def _claim_all(url: str, owner: str) -> list[str]:
    store = RedisLeases(connect(url))
    return [name for name in EIGHT if not store.hold([name], owner, ttl=MINUTE)]


@pytest.mark.redis
def test_two_processes_never_share_a_card(server: str) -> None:
    client = connect(server)
    client.flushall()
    with get_context("spawn").Pool(4) as pool:
        shares = pool.starmap(_claim_all, [(server, f"here/{number}/1") for number in range(4)])
    taken = [name for share in shares for name in share]
    assert sorted(taken) == EIGHT
    client.close()


@pytest.mark.redis
def test_a_redis_that_is_gone_is_said_so(tmp_path: Path) -> None:
    store = RedisLeases(connect(embedded_url(tmp_path)))
    with pytest.raises(LeasesUnavailableError):
        store.hold(EIGHT, "one", ttl=MINUTE)
    with pytest.raises(LeasesUnavailableError):
        store.holders(EIGHT)
    with pytest.raises(LeasesUnavailableError):
        store.release(EIGHT, "one")
