"""Gives `problems.check` and the generators the platform's sandbox to run a pack's code in."""

import logging
from pathlib import Path

from app.core.platform import Platform
from problems.tools import CheckTools, ScriptOutcome, ScriptRun, ScriptRunner, UnpackError
from sandbox import Limits, Run, execute_ready
from sandbox.archive import ArchiveError, unpack_zip
from sandbox.entrypoint import find_command
from trial.archive_messages import ArchiveMessage

logger = logging.getLogger("baijing.problems")


def check_tools(platform: Platform, *, owner: str = "") -> CheckTools:
    """Return what `problems.check.check_pack` borrows; `owner` marks its runs in the sandbox."""
    return CheckTools(
        runner=script_runner(platform, owner=owner), find_command=find_command, unpack=unpack_answer
    )


def unpack_answer(archive: Path, destination: Path, /) -> None:
    """Unpack what a team or another platform packed; raise `problems.tools.UnpackError`."""
    try:
        unpack_zip(archive, destination, strip_top=False)
    except ArchiveError as error:
        said = ArchiveMessage(error)
        raise UnpackError(said.render("zh-Hans"), said.render("en")) from error


def script_runner(platform: Platform, *, owner: str = "") -> ScriptRunner:
    """Return a runner of packs' scripts: no network, and limits of its own.

    Calling it raises `sandbox.SandboxError` when the sandbox is out of order.
    """

    def run(script: ScriptRun, /) -> ScriptOutcome:
        result = execute_ready(platform.sandbox(), _translate(script, owner), logger.info)
        verdict = "" if result.verdict is None else result.verdict.value
        return ScriptOutcome(verdict, result.message, result.log, result.wall_s)

    return run


def _translate(script: ScriptRun, owner: str) -> Run:
    granted = script.resources
    return Run(
        image=granted.image,
        command=script.command,
        code=script.code,
        input=script.input,
        output=script.output,
        limits=Limits(
            wall_s=granted.wall_s,
            memory_bytes=granted.memory_bytes,
            cpus=granted.cpus,
            gpus=granted.gpus,
            output_bytes=granted.output_bytes,
            output_files=granted.output_files,
        ),
        collect=script.collect,
        mounts=script.mounts,
        output_at=script.output_at,
        owner=owner,
    )
