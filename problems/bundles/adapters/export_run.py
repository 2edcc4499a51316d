"""Runs a submission on Codabench as Baijing does: `main.py`, else `run.sh`, with its variables."""

import os
import subprocess
import sys
from pathlib import Path

CODE = Path("/app/ingested_program")
INPUT = "/app/input_data"
OUTPUT = "/app/output"


def main() -> int:
    """Run it; return how it ended."""
    command = ["python3", "main.py"] if (CODE / "main.py").is_file() else ["bash", "run.sh"]
    environment = {**os.environ, "INPUT_DIR": INPUT, "OUTPUT_DIR": OUTPUT}
    return subprocess.run(command, cwd=CODE, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
