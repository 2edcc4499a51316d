"""Runs a submission as Codabench's prediction step does, then packs what it wrote as the answer.

The bundle's ingestion program runs in `/app/program` and imports from `/app/ingested_program`. How
it ends is noted, not judged: the scoring program sees what there is. The truth is nowhere here.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

PROGRAM = Path("/app/program")
SUBMISSION = Path("/app/ingested_program")
OUTPUT = Path("/app/output")
METADATA = "metadata"


def main() -> int:
    """Run and pack; 1 where the program wrote a file of the platform's name."""
    told = json.loads((Path(__file__).parent / "bundle.json").read_text(encoding="utf-8"))
    if not list(SUBMISSION.glob(f"{METADATA}*")):
        shutil.copytree(SUBMISSION, OUTPUT, dirs_exist_ok=True, copy_function=shutil.copyfile)
    started = time.monotonic()
    status = _run(told["commands"]["ingestion"])
    elapsed = time.monotonic() - started
    if os.path.lexists(OUTPUT / METADATA):
        print(f"the submission wrote {METADATA}, a name that is the platform's")
        return 1
    lines = (
        f"elapsedTime: {elapsed:.6f}",
        f"exitCode: {status}",
        f"ingestionElapsedTime: {elapsed:.6f}",
        f"ingestionExitCode: {status}",
    )
    (OUTPUT / METADATA).write_text("\n".join(lines) + "\n", encoding="ascii")
    _pack(told["answer"])
    return 0


def _run(command: list[str]) -> int:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    ended = subprocess.run(  # noqa: S603 — the organiser's program, in its sandbox
        command, cwd=PROGRAM, env=environment, stdin=subprocess.DEVNULL, check=False
    )
    if ended.returncode:
        print(f"the ingestion program ended with status {ended.returncode}")
    return ended.returncode


def _pack(name: str) -> None:
    """Put every plain file of the output into one zip, and that in their place."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(OUTPUT.rglob("*")):
                if stat.S_ISREG(path.lstat().st_mode):
                    archive.write(path, path.relative_to(OUTPUT).as_posix())
        for path in OUTPUT.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.copyfile(packed.name, OUTPUT / name)


if __name__ == "__main__":
    sys.exit(main())
