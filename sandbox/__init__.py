"""Run code nobody trusts. Knows containers; knows nothing of competitions or scores."""

from sandbox.choose import choose_sandbox
from sandbox.types import (
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
    "Limits",
    "LogSink",
    "Run",
    "RunResult",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailableError",
    "Verdict",
    "choose_sandbox",
]
