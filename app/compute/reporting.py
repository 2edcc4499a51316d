"""What a worker says of its host every few seconds: what it has, and what is on its GPUs."""

import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.exc import SQLAlchemyError

from app.compute.models import Worker
from app.compute.operations import report_alive, report_devices
from app.compute.queries import CPU_POOL, largest_memory
from app.core.blobs import format_bytes
from app.core.gpus import Gpus
from app.core.platform import Platform
from sandbox.gpu import Device, GpuError

logger = logging.getLogger("baijing.worker")


def find_devices(gpus: Gpus, pool: str) -> Sequence[Device]:
    """Return the GPUs a worker of a pool may use; the pool `cpu` uses none.

    A driver that fails has none either: nobody is given a card that does not answer.
    """
    if pool == CPU_POOL:
        return ()
    try:
        return gpus.list_devices()
    except GpuError as error:
        logger.warning("no GPU can be used: %s", error)
        return ()


def default_concurrency(gpus: Gpus, pool: str) -> int:
    """Return how many runs at once a worker has when nobody says: one per GPU, or one."""
    return max(1, len(find_devices(gpus, pool)))


def report_host(port: Platform, seen: Worker) -> None:
    """Write what a worker is and what its host has; what is quarantined and clean comes back."""
    devices = find_devices(port.gpus, seen.pool)
    states = port.gpus.look_at([device.uuid for device in devices]) if devices else ()
    now = port.clock.now()
    host = socket.gethostname()[:128]
    seen.host, seen.seen_at = host, now
    seen.cpus, seen.memory_bytes = os.cpu_count(), memory_of_host()
    seen.devices = [asdict(device) for device in devices]
    with port.database.transaction() as session:
        report_alive(session, seen, now=now)
        by_uuid = {state.uuid: state for state in states}
        released = report_devices(session, host, devices, by_uuid, now=now)
    for uuid in released:
        logger.warning("GPU %s is clean again and back in use", uuid)


def memory_of_host() -> int:
    """Return all memory of this machine in bytes: runs are beside the worker, not inside it."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def warn_of_memory(port: Platform, pool: str, concurrency: int) -> None:
    """Log a warning when as many of the largest runs as may be at once do not fit into the host."""
    try:
        with port.database.reading() as session:
            largest = largest_memory(session, pool)
    except SQLAlchemyError:
        logger.warning("the database does not answer: how much memory runs need is not known")
        return
    total = memory_of_host()
    if concurrency * largest > total:
        logger.warning(
            "%s runs at once of up to %s each do not fit into the %s of this host: runs will end "
            "for lack of memory; use a smaller --concurrency",
            concurrency,
            format_bytes(largest),
            format_bytes(total),
        )
