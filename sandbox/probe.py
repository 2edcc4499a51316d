"""Prove that a sandbox holds, by running programs in it that try not to be held.

A runtime can be set up so that limits are accepted and ignored (gVisor with `--ignore-cgroups`, an
engine in a container without its control groups), and nothing says so until the machine is gone.
So a worker asks before it takes work, and once a day.
"""

import hashlib
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.locks import file_lock
from sandbox.types import MIB, Limits, Run, RunResult, Sandbox, SandboxError, Verdict

PROVEN_FOR_S = 24 * 3600
"""How long a proof is believed. What would change it (another engine, runtime, image, kernel) is
part of what it is filed under."""

_MEMORY = 256 * MIB
_PROCESSES = 32
_FORKS_HELD = 4 * _PROCESSES
"""Anything near the limit is held: backends count their own few processes differently."""

_LIMITS = Limits(wall_s=60.0, memory_bytes=_MEMORY, processes=_PROCESSES)
_PROGRAMS = Path(__file__).parent / "probes"
SMALLEST = "print('alive')\n"
"""The program that asks whether anything runs at all."""


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """One thing tried: whether the sandbox held, and what was seen in one English line."""

    name: str
    held: bool
    detail: str


def check_alive(sandbox: Sandbox, image: str) -> RunResult:
    """Run the smallest program; raise SandboxError when it does not end as it must."""
    result = _execute(sandbox, image, SMALLEST)
    if result.verdict is not None or "alive" not in result.log:
        message = f"{sandbox.name}: the smallest program ended with {_ending(result)}"
        raise SandboxError(message)
    return result


def check_limits(sandbox: Sandbox, image: str) -> tuple[ProbeFinding, ...]:
    """Try the limits and the walls; raise SandboxError only when a run could not be made at all."""
    return (
        _memory(_execute(sandbox, image, _program("memory"))),
        _processes(_execute(sandbox, image, _program("processes"))),
        *_walls(_execute(sandbox, image, _program("walls"))),
    )


def require_limits(sandbox: Sandbox, image: str, *, state_dir: Path, identity: str) -> None:
    """Raise SandboxError, in one line, unless the sandbox holds; remember for a day that it does.

    `identity` names what the proof is about: the engine, the runtime, the image, the kernel.
    """
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    proof = state_dir / f"proof-{name}.json"
    state_dir.mkdir(parents=True, exist_ok=True)
    if _is_fresh(proof):
        return
    with file_lock(state_dir / "proof.lock"):
        if _is_fresh(proof):
            return
        findings = check_limits(sandbox, image)
        broken = [f"{each.name} ({each.detail})" for each in findings if not each.held]
        if broken:
            message = f"{sandbox.name} does not hold what it runs: {'; '.join(broken)}"
            raise SandboxError(message)
        for old in state_dir.glob("proof-*.json"):
            if not _is_fresh(old):
                old.unlink(missing_ok=True)
        document = {"identity": identity, "findings": [asdict(each) for each in findings]}
        proof.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _is_fresh(proof: Path) -> bool:
    try:
        age_s = time.time() - proof.stat().st_mtime
    except OSError:
        return False
    return 0 <= age_s < PROVEN_FOR_S


def _memory(result: RunResult) -> ProbeFinding:
    held = result.verdict is Verdict.MEMORY_LIMIT
    return ProbeFinding("memory limit", held, f"asked for 1 GiB of 256 MiB: {_ending(result)}")


def _processes(result: RunResult) -> ProbeFinding:
    forks = [int(word) for word in result.log.split() if word.isdecimal()]
    held = result.verdict is Verdict.PROCESS_LIMIT or (bool(forks) and max(forks) < _FORKS_HELD)
    seen = f"{max(forks)} processes" if forks else _ending(result)
    return ProbeFinding("process limit", held, f"wanted 256 of {_PROCESSES}: {seen}")


def _walls(result: RunResult) -> tuple[ProbeFinding, ...]:
    """Return what the program inside says about its walls; what it does not say is not held."""
    try:
        said = json.loads(result.log.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return (ProbeFinding("walls", held=False, detail=_ending(result)),)
    return tuple(ProbeFinding(name, not trouble, trouble) for name, trouble in said.items())


def _ending(result: RunResult) -> str:
    words = [result.verdict.value if result.verdict else "a clean end", result.message]
    return ": ".join(word for word in words if word)


def _program(name: str) -> str:
    return (_PROGRAMS / f"{name}.py").read_text(encoding="utf-8")


def _execute(sandbox: Sandbox, image: str, program: str) -> RunResult:
    with tempfile.TemporaryDirectory(prefix="probe-") as folder:
        code, output = Path(folder) / "code", Path(folder) / "output"
        code.mkdir()
        output.mkdir()
        (code / "main.py").write_text(program, encoding="utf-8")
        run = Run(image, ("python", "main.py"), code, output, _LIMITS)
        return sandbox.execute(run)
