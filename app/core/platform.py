"""Everything outside the process, behind types: the argument list of the whole application."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.blobs import BlobStore
from app.core.clock import Clock
from app.core.db import Database
from app.core.gpus import Gpus
from app.core.jobs import JobQueue
from app.core.leases import LeaseStore
from app.core.mail import Mailer
from app.core.sealing import Seal
from sandbox import Sandbox


class SandboxProvider(Protocol):
    """Gives the sandbox to processes that run code; the web process never asks."""

    def __call__(self) -> Sandbox:
        """Return the sandbox, connected and with its image ready."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The ports. Built once in `app.wiring`; tests build it from fakes."""

    database: Database
    queue: JobQueue
    clock: Clock
    blobs: BlobStore
    sandbox: SandboxProvider
    leases: LeaseStore
    """Who has which GPU: the fast lock, beside the database, which is the truth."""
    gpus: Gpus
    """The GPUs of this host; the web process never asks."""
    seal: Seal
    installation: str
    """Marks this installation's containers: derived from its key, not the key."""
    cache: Path
    """Folder for what can be made again: unpacked inputs, named by digest."""
    mailer: Mailer | None = None
    """Who sends mails; None where no server is set, and then none are written."""
