"""Workers that have reported, with the cards of their hosts."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from app.compute.models import Worker
from app.compute.operations import report_alive, report_devices
from sandbox.gpu import Device, DeviceState


def make_worker(
    session: Session,
    *,
    now: datetime,
    pool: str = "gpu",
    host: str = "host-a",
    devices: Sequence[Device] = (),
) -> str:
    """Report a worker and its devices, idle; return its name."""
    name = f"{host}:1:{pool}"
    seen = Worker(
        name=name,
        pool=pool,
        sandbox="docker",
        sandbox_reason="",
        started_at=now,
        seen_at=now,
        host=host,
        devices=[asdict(device) for device in devices],
        cpus=8,
        memory_bytes=64 << 30,
        concurrency=max(1, len(devices)),
        images=[{"name": "python-cpu", "digest": "sha256:0"}],
    )
    report_alive(session, seen, now=now)
    states = {device.uuid: DeviceState(device.uuid) for device in devices}
    report_devices(session, host, devices, states, now=now)
    session.flush()
    return name
