"""Run code nobody trusts. Knows containers; knows nothing of competitions or scores."""

from sandbox.archive import ArchiveError, unpack_zip
from sandbox.choose import choose_sandbox
from sandbox.ready import execute_ready
from sandbox.types import (
    ImageMissingError,
    Limits,
    LogSink,
    Run,
    RunResult,
    Sandbox,
    SandboxError,
    SandboxUnavailableError,
    Verdict,
)

__all__ = [
    "ArchiveError",
    "ImageMissingError",
    "Limits",
    "LogSink",
    "Run",
    "RunResult",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailableError",
    "Verdict",
    "choose_sandbox",
    "execute_ready",
    "unpack_zip",
]
