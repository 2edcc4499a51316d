"""Reads of where code runs: pools and what waits for them, workers, GPUs and who has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.compute.models import GpuDevice, Worker
from app.compute.queries import (
    ALIVE_WITHIN,
    CPU_POOL,
    devices_of,
    list_devices,
    list_known_workers,
)
from app.evaluations.models import CLAIMED, Evaluation, State
from app.home.health import seconds_since


class DeviceUse(StrEnum):
    """What a GPU is doing."""

    FREE = "free"
    LEASED = "leased"
    QUARANTINED = "quarantined"
    SILENT = "silent"
    """Its host was not heard of lately."""


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One GPU, the pools it serves, and the evaluation that has it, with its submission."""

    device: GpuDevice
    pools: tuple[str, ...]
    use: DeviceUse
    evaluation_id: int | None = None
    submission_id: int | None = None


@dataclass(frozen=True, slots=True)
class PoolLine:
    """One pool: its living workers, what waits and runs, and its GPUs by use."""

    name: str
    workers: int
    sick: int
    slots: int
    waiting: int
    oldest_wait_s: float
    running: int
    devices: Mapping[DeviceUse, int]

    @property
    def is_stuck(self) -> bool:
        """Whether work waits that nobody takes."""
        return self.waiting > 0 and self.workers == self.sick


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """One worker of the last day, and whether it was heard of lately."""

    worker: Worker
    is_alive: bool


@dataclass(frozen=True, slots=True)
class Compute:
    """Everything of the page."""

    pools: Sequence[PoolLine]
    workers: Sequence[WorkerLine]
    devices: Sequence[DeviceLine]

    @property
    def stuck(self) -> list[PoolLine]:
        """The pools where work waits and nobody takes it."""
        return [pool for pool in self.pools if pool.is_stuck]

    @property
    def quarantined(self) -> list[DeviceLine]:
        """The GPUs out of use because something is left on them."""
        return [line for line in self.devices if line.use is DeviceUse.QUARANTINED]


def get_compute(session: Session, *, now: datetime) -> Compute:
    """Read pools, workers and GPUs."""
    workers = [
        WorkerLine(worker, worker.seen_at > now - ALIVE_WITHIN)
        for worker in list_known_workers(session, now=now)
    ]
    devices = _read_devices(session, workers, now)
    queues = _read_queues(session, now)
    names = {line.worker.pool for line in workers} | queues.keys() | {CPU_POOL}
    pools = [_pool(name, workers, devices, queues.get(name, _Queue())) for name in sorted(names)]
    return Compute(pools, workers, devices)


@dataclass(frozen=True, slots=True)
class _Queue:
    waiting: int = 0
    oldest_wait_s: float = 0.0
    running: int = 0


def _pool(
    name: str, workers: Sequence[WorkerLine], devices: Sequence[DeviceLine], queue: _Queue
) -> PoolLine:
    alive = [line.worker for line in workers if line.is_alive and line.worker.pool == name]
    uses = [line.use for line in devices if name in line.pools]
    return PoolLine(
        name=name,
        workers=len(alive),
        sick=sum(worker.sick_since is not None for worker in alive),
        slots=sum(worker.concurrency or 1 for worker in alive),
        waiting=queue.waiting,
        oldest_wait_s=queue.oldest_wait_s,
        running=queue.running,
        devices={use: uses.count(use) for use in DeviceUse},
    )


def _read_queues(session: Session, now: datetime) -> dict[str, _Queue]:
    rows = session.execute(
        select(
            Evaluation.pool,
            Evaluation.state,
            func.count(Evaluation.id),
            func.min(Evaluation.queued_at),
        )
        .where(
            or_(
                Evaluation.state.in_(CLAIMED),
                # a re-score's wait until nothing else does: they say nothing of how busy it is
                and_(Evaluation.state == State.QUEUED, Evaluation.is_shadow.is_(False)),
            )
        )
        .group_by(Evaluation.pool, Evaluation.state)
    ).all()
    found = {}
    for name in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == name]
        waiting = [row for row in mine if row[1] is State.QUEUED]
        found[name] = _Queue(
            waiting=sum(row[2] for row in waiting),
            oldest_wait_s=seconds_since(min((row[3] for row in waiting), default=None), now),
            running=sum(row[2] for row in mine if row[1] in CLAIMED),
        )
    return found


def _read_devices(
    session: Session, workers: Sequence[WorkerLine], now: datetime
) -> list[DeviceLine]:
    pools: dict[str, set[str]] = {}
    for line in workers:
        for device in devices_of(line.worker):
            pools.setdefault(device.uuid, set()).add(line.worker.pool)
    running = session.execute(
        select(Evaluation.id, Evaluation.submission_id, Evaluation.devices).where(
            Evaluation.state == State.RUNNING
        )
    )
    holders = {
        uuid: (evaluation, submission)
        for evaluation, submission, devices in running
        for uuid in devices or ()
    }
    return [
        _device(device, tuple(sorted(pools.get(device.uuid, ()))), holders.get(device.uuid), now)
        for device in list_devices(session)
    ]


def _device(
    device: GpuDevice, pools: tuple[str, ...], holder: tuple[int, int] | None, now: datetime
) -> DeviceLine:
    if device.quarantined_at is not None:
        return DeviceLine(device, pools, DeviceUse.QUARANTINED)
    if holder is not None:
        return DeviceLine(device, pools, DeviceUse.LEASED, *holder)
    silent = device.seen_at <= now - ALIVE_WITHIN
    return DeviceLine(device, pools, DeviceUse.SILENT if silent else DeviceUse.FREE)
