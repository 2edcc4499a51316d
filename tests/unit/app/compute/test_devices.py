"""What workers report of their devices, quarantine, and the way back."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.compute.cli import commands
from app.compute.models import GpuDevice, Worker
from app.compute.operations import quarantine, report_devices
from app.compute.queries import choose_pool, list_pools, lock_devices
from app.compute.reporting import default_concurrency, report_host, warn_of_memory
from app.core.audit import AuditEntry
from app.core.platform import Platform
from problems.spec import Resources
from sandbox.gpu import DeviceState, Fault, Finding
from tests.factories import make_problem
from tests.factories.workers import make_worker
from tests.fakes.gpus import GIB, FakeGpus, card
from tests.fakes.ports import FrozenClock

CARDS = [card(0), card(1)]
DIRTY = Finding(CARDS[0].uuid, Fault.MEMORY_HELD, "900 MiB more in use than before", 900 << 20)


def report(session: Session, clock: FrozenClock, *used: int) -> list[str]:
    clock.tick(timedelta(seconds=5))
    states = {
        device.uuid: DeviceState(device.uuid, amount)
        for device, amount in zip(CARDS, used, strict=True)
    }
    return report_devices(session, "host-a", CARDS, states, now=clock.now())


def test_a_device_with_leftovers_is_out_of_use_until_it_is_clean_twice(
    session: Session, clock: FrozenClock
) -> None:
    worker = make_worker(session, now=clock.now(), devices=CARDS)
    assert lock_devices(session, worker) == CARDS
    assert quarantine(session, [DIRTY, Finding(CARDS[1].uuid)], now=clock.now()) == [DIRTY.uuid]
    assert lock_devices(session, worker) == CARDS[1:]
    held = session.get_one(GpuDevice, DIRTY.uuid)
    assert held.quarantine_reason == "memory_held: 900 MiB more in use than before"
    assert report(session, clock, 900 << 20, 0) == []
    assert report(session, clock, 0, 0) == []
    assert report(session, clock, 900 << 20, 0) == []  # it was a moment only: count anew
    assert report(session, clock, 0, 0) == []
    assert report(session, clock, 0, 0) == [DIRTY.uuid]
    assert lock_devices(session, worker) == CARDS


def test_a_second_fault_moves_neither_the_time_nor_the_alarm(
    session: Session, clock: FrozenClock
) -> None:
    make_worker(session, now=clock.now(), devices=CARDS)
    since = clock.now()
    assert quarantine(session, [DIRTY], now=since) == [DIRTY.uuid]
    clock.tick(timedelta(minutes=1))
    assert quarantine(session, [DIRTY], now=clock.now()) == []
    assert session.get_one(GpuDevice, DIRTY.uuid).quarantined_at == since


def test_what_the_driver_keeps_is_not_held_against_a_device(
    session: Session, clock: FrozenClock
) -> None:
    make_worker(session, now=clock.now())
    report(session, clock, 500 << 20, 500 << 20)
    quarantine(session, [DIRTY], now=clock.now())
    report(session, clock, 500 << 20, 500 << 20)
    assert report(session, clock, 500 << 20, 500 << 20) == [DIRTY.uuid]


def test_devices_not_heard_of_for_a_day_are_forgotten_but_not_in_quarantine(
    session: Session, clock: FrozenClock
) -> None:
    make_worker(session, now=clock.now(), devices=CARDS)
    quarantine(session, [DIRTY], now=clock.now())
    clock.tick(timedelta(days=2))
    make_worker(session, now=clock.now(), pool="cpu", host="host-b")
    assert session.get(GpuDevice, CARDS[0].uuid) is not None
    assert session.get(GpuDevice, CARDS[1].uuid) is None


def test_an_operator_lists_and_releases(
    app: Flask, platform: Platform, session: Session, clock: FrozenClock
) -> None:
    make_worker(session, now=clock.now(), devices=CARDS)
    quarantine(session, [DIRTY], now=clock.now())
    session.commit()
    platform.leases.hold([CARDS[1].uuid], "test/7/1", ttl=timedelta(minutes=1))
    run = app.test_cli_runner().invoke
    listed = run(commands, ["list"]).output.splitlines()
    assert listed[0].startswith("GPU-0000\thost-a\tNVIDIA A100-SXM4-40GB\t0 B of 40 GiB\tquarantin")
    assert listed[1].endswith("\tleased by evaluation 7")
    assert run(commands, ["release", DIRTY.uuid]).exit_code == 0
    refused = run(commands, ["release", "GPU-none"])
    assert (refused.exit_code, "GPU-none" in refused.output) == (1, True)
    with platform.database.reading() as later:
        assert later.get_one(GpuDevice, DIRTY.uuid).quarantined_at is None
        assert [entry.action for entry in later.query(AuditEntry)] == ["gpu.release"]


def test_a_worker_says_what_its_host_has(platform: Platform, gpus: FakeGpus) -> None:
    gpus.devices = tuple(CARDS)
    gpus.used = {CARDS[0].uuid: GIB}
    now = platform.clock.now()
    for pool in ("gpu-a", "cpu"):
        row = Worker(
            name=f"h:1:{pool}", pool=pool, sandbox="docker", sandbox_reason="", started_at=now
        )
        report_host(platform, row)
    with platform.database.reading() as session:
        assert [pool.name for pool in list_pools(session, now=now)] == ["cpu", "gpu-a"]
        # the pool cpu uses no card, whatever its host has
        assert [len(pool.devices) for pool in list_pools(session, now=now)] == [0, 2]
        row = session.get_one(Worker, "h:1:gpu-a")
        assert (row.cpus or 0, row.memory_bytes or 0) > (0, 0)
        assert session.get_one(GpuDevice, CARDS[0].uuid).used_bytes == GIB
    assert default_concurrency(gpus, "gpu-a") == 2
    assert default_concurrency(gpus, "cpu") == 1


def test_the_pool_is_chosen_when_work_is_queued(session: Session, clock: FrozenClock) -> None:
    now = clock.now()
    one_gpu = Resources(gpus=1)
    assert choose_pool(session, one_gpu, {}, now=now) == "gpu"
    make_worker(session, now=now, pool="gpu-a", devices=[card(0)])
    make_worker(session, now=now, pool="gpu-b", host="host-b", devices=[card(1), card(2)])
    assert choose_pool(session, one_gpu, {"gpu-a": 2, "gpu-b": 3}, now=now) == "gpu-b"
    assert choose_pool(session, Resources(gpus=1, pool="gpu-a"), {}, now=now) == "gpu-a"
    assert choose_pool(session, Resources(gpus=4), {}, now=now) == "gpu"
    assert choose_pool(session, Resources(), {}, now=now) == "cpu"
    # off for the night is not gone
    clock.tick(timedelta(hours=20))
    assert choose_pool(session, Resources(gpus=2), {}, now=clock.now()) == "gpu-b"


def test_more_memory_than_there_is_is_warned_of(
    platform: Platform, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    make_problem(session)
    session.commit()
    warn_of_memory(platform, "cpu", 1)
    warn_of_memory(platform, "gpu", 100_000)
    assert caplog.messages == []
    warn_of_memory(platform, "cpu", 100_000)
    assert "100000 runs at once of up to 1 GiB each do not fit" in caplog.text
