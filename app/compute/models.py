"""Workers and the GPUs of their hosts."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, ByteCount


class Worker(Base):
    """One worker process, as it last reported."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    """`host:pid:pool`."""
    pool: Mapped[str] = mapped_column(String(32), index=True)
    sandbox: Mapped[str] = mapped_column(String(32))
    sandbox_reason: Mapped[str] = mapped_column(String(500))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    host: Mapped[str | None] = mapped_column(String(128))
    """The machine; several workers may be on one."""
    devices: Mapped[list[Any] | None]
    """The GPUs it may use: `sandbox.gpu.Device` as `[{uuid, model, memory_bytes, …}]`."""
    cpus: Mapped[int | None]
    memory_bytes: Mapped[ByteCount | None]
    """All memory of the host, or what the worker's own limit leaves of it."""
    concurrency: Mapped[int | None]
    runtime: Mapped[str | None] = mapped_column(String(32))
    """The engine's runtime where it is not the default one: `runsc`."""
    images: Mapped[list[Any] | None]
    """The images that are ready there: `[{name, digest}]`."""
    sick_since: Mapped[datetime | None]
    """Since when nothing can run there; None while all is well. A sick worker claims nothing."""
    sick_reason: Mapped[str] = mapped_column(String(500), server_default="", default="")
    """What was seen to fail, for operators; the last reason stays after the recovery."""


class GpuDevice(Base):
    """One GPU or MIG slice of a host that was ever reported, and whether it may be used.

    Who uses it is not said here: that is the evaluation whose run is under way and whose `devices`
    name it. A claim locks the rows of the devices it chooses from, so two never choose one.
    """

    __tablename__ = "gpu_device"

    uuid: Mapped[str] = mapped_column(String(96), primary_key=True)
    host: Mapped[str] = mapped_column(String(128))
    model: Mapped[str] = mapped_column(String(128))
    memory_bytes: Mapped[ByteCount]
    idle_bytes: Mapped[ByteCount] = mapped_column(default=0)
    """The least that was ever in use on it: what the driver keeps when nobody runs."""
    used_bytes: Mapped[ByteCount] = mapped_column(default=0)
    """What was in use when its host last reported."""
    seen_at: Mapped[datetime]
    quarantined_at: Mapped[datetime | None]
    quarantine_reason: Mapped[str] = mapped_column(String(500), default="")
    clean_checks: Mapped[int] = mapped_column(default=0)
    """How often in a row it was found clean since it was quarantined."""
