"""Writes: a worker says that it is alive and what it has; devices come into quarantine and out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.compute.errors import UnknownDeviceError
from app.compute.models import GpuDevice, Worker
from app.compute.queries import hold_devices
from app.core.audit import Actor, record_audit
from sandbox.gpu import Device, DeviceState, Finding, judge

FORGET_AFTER: Final = timedelta(days=1)
CLEAN_CHECKS: Final = 2
"""So often in a row a device must be found clean before it is used again."""


def report_alive(session: Session, seen: Worker, *, now: datetime) -> None:
    """Write a worker's row anew and forget those not heard of for a day."""
    session.execute(delete(Worker).where(Worker.seen_at < now - FORGET_AFTER))
    session.execute(
        delete(GpuDevice).where(
            GpuDevice.seen_at < now - FORGET_AFTER, GpuDevice.quarantined_at.is_(None)
        )
    )
    session.merge(seen)


def report_devices(
    session: Session,
    host: str,
    devices: Sequence[Device],
    states: Mapping[str, DeviceState],
    *,
    now: datetime,
) -> list[str]:
    """Write what a host's devices are and hold; return those that have left quarantine by itself.

    `states` are looks at the devices taken just now. A device in quarantine comes back when it was
    found clean `CLEAN_CHECKS` times in a row.
    """
    known = hold_devices(session, [device.uuid for device in devices])
    released = []
    for device in sorted(devices, key=lambda one: one.uuid):
        state = states.get(device.uuid, DeviceState(device.uuid, error="no answer"))
        row = known.get(device.uuid)
        if row is None:
            row = GpuDevice(uuid=device.uuid, idle_bytes=state.used_bytes, clean_checks=0)
            session.add(row)
        row.host, row.model, row.memory_bytes = host, device.model[:128], device.memory_bytes
        row.seen_at = now
        if _take_look(row, state):
            released.append(row.uuid)
    session.flush()
    return released


def quarantine(session: Session, findings: Sequence[Finding], *, now: datetime) -> list[str]:
    """Take devices with leftovers out of use; return those that were still in use."""
    faulty = {finding.uuid: finding for finding in findings if not finding.is_clean}
    taken = []
    for uuid, row in hold_devices(session, faulty).items():
        finding = faulty[uuid]
        row.clean_checks = 0
        row.quarantine_reason = f"{finding.fault}: {finding.detail}"[:500]
        if row.quarantined_at is None:
            row.quarantined_at = now
            taken.append(uuid)
    session.flush()
    return taken


def release_device(session: Session, uuid: str, actor: Actor, *, now: datetime) -> None:
    """Put a device back into use, whatever is on it, and say so in the audit log.

    Raises:
        UnknownDeviceError: nobody ever reported it.
    """
    row = hold_devices(session, [uuid]).get(uuid)
    if row is None:
        raise UnknownDeviceError(uuid=uuid)
    facts = {"reason": row.quarantine_reason, "used_bytes": row.used_bytes}
    # what is on it now is what a run will find: held against it, it would come back at once
    row.idle_bytes = row.used_bytes
    _end_quarantine(row)
    record_audit(session, actor, "gpu.release", f"gpu:{uuid}", facts, now=now)


def _take_look(row: GpuDevice, state: DeviceState) -> bool:
    """Note what is on a device; return whether that ends its quarantine."""
    finding = judge(DeviceState(row.uuid, row.idle_bytes), state)
    if not state.error:
        row.used_bytes = state.used_bytes
        row.idle_bytes = min(row.idle_bytes, state.used_bytes)
    if row.quarantined_at is None:
        return False
    row.clean_checks = row.clean_checks + 1 if finding.is_clean else 0
    if row.clean_checks < CLEAN_CHECKS:
        return False
    _end_quarantine(row)
    return True


def _end_quarantine(row: GpuDevice) -> None:
    row.quarantined_at, row.quarantine_reason, row.clean_checks = None, "", 0
