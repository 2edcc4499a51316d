"""Reads of workers, of the pools they form and of their GPUs."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.compute.matching import Needs, Pool, least_loaded
from app.compute.models import GpuDevice, Worker
from app.compute.naming import worker_of
from app.problems.models import Problem, Revision
from problems.spec import ProblemSpec, Resources
from sandbox.gpu import Device, DeviceState

ALIVE_WITHIN: Final = timedelta(seconds=30)
KNOWN_WITHIN: Final = timedelta(days=1)
"""A pool whose workers were heard of in this time is there, though it may be off at the moment."""
CPU_POOL: Final = "cpu"
GPU_POOL: Final = "gpu"


def list_alive_workers(session: Session, *, now: datetime) -> list[Worker]:
    """Return the workers heard of lately, by pool and name."""
    return _list_workers(session, now - ALIVE_WITHIN)


def list_known_workers(session: Session, *, now: datetime) -> list[Worker]:
    """Return the workers heard of in the last day, by pool and name."""
    return _list_workers(session, now - KNOWN_WITHIN)


def list_pools(session: Session, *, now: datetime, within: timedelta = KNOWN_WITHIN) -> list[Pool]:
    """Return the pools that had a worker of late, with the devices of their hosts."""
    found: dict[str, dict[str, dict[str, Device]]] = {}
    for worker in _list_workers(session, now - within):
        hosts = found.setdefault(worker.pool, {})
        devices = hosts.setdefault(worker.host or worker.name, {})
        devices.update({device.uuid: device for device in devices_of(worker)})
    return [
        Pool(name, {host: tuple(devices.values()) for host, devices in hosts.items()})
        for name, hosts in sorted(found.items())
    ]


def devices_of(worker: Worker) -> tuple[Device, ...]:
    """Return the devices that a worker reported."""
    return tuple(Device(**device) for device in worker.devices or ())


def choose_pool(
    session: Session, resources: Resources, waiting: dict[str, int], *, now: datetime
) -> str:
    """Return the pool that a code run goes to: where it is pinned, else where it can run soonest.

    `waiting` counts the runs in hand by pool. Where no pool has what is needed it is `gpu`: the
    run waits there for a worker that does, and staff are told.
    """
    if resources.pool is not None:
        return resources.pool
    if not resources.gpus:
        return CPU_POOL
    pools = list_pools(session, now=now)
    return least_loaded(pools, Needs.of(resources), waiting) or GPU_POOL


def lock_devices(session: Session, worker: str) -> list[Device]:
    """Return the devices a worker may use, none that is quarantined; nobody else chooses meanwhile.

    The rows stay locked until the transaction ends. `worker` may name a job of it: `worker/job`.
    """
    row = session.get(Worker, worker_of(worker))
    if row is None or not row.devices:
        return []
    devices = {device.uuid: device for device in devices_of(row)}
    locked = hold_devices(session, devices)
    return [devices[uuid] for uuid, one in locked.items() if one.quarantined_at is None]


def hold_devices(session: Session, uuids: Collection[str]) -> dict[str, GpuDevice]:
    """Read devices, by uuid, and keep everybody else from choosing or changing them."""
    rows = session.scalars(
        select(GpuDevice)
        .where(GpuDevice.uuid.in_(uuids))
        .order_by(GpuDevice.uuid)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.uuid: row for row in rows}


def idle_states(session: Session, uuids: Sequence[str]) -> dict[str, DeviceState]:
    """Return what is in use on each device when nobody runs on it."""
    rows = session.execute(
        select(GpuDevice.uuid, GpuDevice.idle_bytes).where(GpuDevice.uuid.in_(uuids))
    )
    return {uuid: DeviceState(uuid, idle) for uuid, idle in rows}


def largest_memory(session: Session, pool: str) -> int:
    """Return the most memory that one run of a published problem may use in a pool, in bytes."""
    specs = session.scalars(
        select(Revision.spec)
        .join(Problem, Problem.id == Revision.problem_id)
        .where(Problem.revision_number == Revision.number, Problem.withdrawn_at.is_(None))
    )
    granted = [ProblemSpec.model_validate(spec).resources for spec in specs]
    return max((one.memory for one in granted if _may_run_in(one, pool)), default=0)


def _may_run_in(resources: Resources, pool: str) -> bool:
    if resources.pool is not None:
        return resources.pool == pool
    return (pool == CPU_POOL) is (resources.gpus == 0)


def list_devices(session: Session) -> Sequence[GpuDevice]:
    """Return every device that was reported lately or is in quarantine, by host and id."""
    return session.scalars(select(GpuDevice).order_by(GpuDevice.host, GpuDevice.uuid)).all()


def _list_workers(session: Session, since: datetime) -> list[Worker]:
    return list(
        session.scalars(
            select(Worker).where(Worker.seen_at > since).order_by(Worker.pool, Worker.name)
        )
    )
