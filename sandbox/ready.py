"""Run something on a host that may not have its image yet."""

import threading

from sandbox.types import ImageMissingError, LogSink, Progress, Run, RunResult, Sandbox


def execute_ready(
    sandbox: Sandbox,
    run: Run,
    progress: Progress,
    *,
    log: LogSink | None = None,
    cancel: threading.Event | None = None,
) -> RunResult:
    """Run to the end, after making the image where this host has not got it; raise SandboxError.

    A worker makes one image when it starts; the others cost gigabytes and are made by the first
    run that asks for them.
    """
    try:
        return sandbox.execute(run, log=log, cancel=cancel)
    except ImageMissingError:
        sandbox.prepare(run.image, progress)
        return sandbox.execute(run, log=log, cancel=cancel)
