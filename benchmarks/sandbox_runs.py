"""The smallest run in each sandbox against a bare process doing the same."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Measured, compare
from sandbox import Limits, Run, Sandbox, SandboxError, choose_sandbox

LIMITS = Limits(wall_s=60, memory_bytes=256 << 20, output_bytes=1 << 20)
STATE = Path(__file__).resolve().parent.parent / ".services" / "sandbox"


def run() -> list[Measured]:
    """Measure each backend that is there; one that is not is left out."""
    found = []
    for backend in ("bubblewrap", "docker"):
        try:
            sandbox, _reason = choose_sandbox(
                backend,
                runtime=None,
                state_dir=STATE,
                installation="benchmark",
                progress=lambda line: print(line, file=sys.stderr),
            )
            sandbox.prepare("python-cpu", lambda line: print(line, file=sys.stderr))
        except SandboxError as error:
            print(f"{backend} is left out: {error}", file=sys.stderr)
            continue
        found.append(_measure(sandbox))
    return found


def _measure(sandbox: Sandbox) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "code"
        code.mkdir()
        (code / "main.py").write_text("pass\n")

        def ours() -> None:
            with tempfile.TemporaryDirectory(dir=folder) as output:
                result = sandbox.execute(
                    Run("python-cpu", ("python", "main.py"), code, Path(output), LIMITS)
                )
                assert result.verdict is None, result

        def bare() -> None:
            subprocess.run([sys.executable, "main.py"], cwd=code, check=True)

        return compare(f"smallest run, {sandbox.name}", ours, "bare python process", bare)
