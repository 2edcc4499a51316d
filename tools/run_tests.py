"""Run the suite with the services that are there, and say which are not and why.

In CI (`CI` set, or running as root) a missing service is a failure, never a skip.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent


def missing_services() -> dict[str, str]:
    """Return the markers whose service is not there, with the reason."""
    missing = {}
    if not os.environ.get("TEST_POSTGRES_URL"):
        missing["postgres"] = "no PostgreSQL server (TEST_POSTGRES_URL)"
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
        missing["docker"] = "no Docker engine answers"
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        missing["browser"] = "no Chromium"
    return missing


def main() -> int:
    """Run pytest with coverage; return its status."""
    full = "--full" in sys.argv[1:]
    missing = missing_services()
    for marker, reason in missing.items():
        print(f"skipping tests marked {marker}: {reason}", file=sys.stderr)
    if missing and os.geteuid() == 0:
        print("a service is missing although this user may install it", file=sys.stderr)
        return 1
    expression = " and ".join(f"not {marker}" for marker in missing)
    environment = {**os.environ, "BAIJING_TEST_FULL": "1" if full else ""}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--cov",
        "--cov-report=term:skip-covered",
        "--durations=15",
        *(["-m", expression] if expression else []),
    ]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
