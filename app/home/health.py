"""What has to be there before work can be done: the database, Redis, a worker."""

from datetime import datetime, timedelta

from app.compute.queries import CPU_POOL, list_alive_workers
from app.core.platform import Platform


def find_faults(port: Platform) -> list[str]:
    """Return one line for each thing that is missing; none when all is well."""
    faults = []
    try:
        faults += _find_worker_faults(port)
    except Exception:  # noqa: BLE001 — whatever the driver raises means the same here
        faults.append("database unreachable")
    if not queue_answers(port):
        faults.append("redis unreachable")
    return faults


def queue_answers(port: Platform) -> bool:
    """Whether the queue can be asked."""
    try:
        port.queue.waiting(CPU_POOL)
    except Exception:  # noqa: BLE001 — only one module knows Redis and its errors
        return False
    return True


def _find_worker_faults(port: Platform) -> list[str]:
    with port.database.reading() as session:
        alive = list_alive_workers(session, now=port.clock.now())
    if not alive:
        return ["no worker seen lately"]
    return ["every worker is sick"] if all(worker.sick_since for worker in alive) else []


def seconds_since(instant: datetime | None, now: datetime) -> float:
    """Return the age of an instant in seconds; 0 where there is none."""
    return 0.0 if instant is None else max(timedelta(0), now - instant).total_seconds()
