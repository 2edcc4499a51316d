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

ONE_AT_A_TIME: Final = ("docker", "bubblewrap", "redis", "browser")
"""What measures or kills real processes, or holds ports: it would see its neighbours."""


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


def run_pytest(expression: str, environment: dict[str, str], *arguments: str) -> int:
    """Run the tests that a marker expression selects, measuring coverage; return the status."""
    command = [sys.executable, "-m", "pytest", "-q", "--cov", "--durations=15", "-m", expression]
    return subprocess.run([*command, *arguments], cwd=ROOT, env=environment, check=False).returncode


def main() -> int:
    """Run what shares nothing in parallel, then the rest in turn; return the first bad status."""
    full = "--full" in sys.argv[1:]
    missing = missing_services()
    for marker, reason in missing.items():
        print(f"skipping tests marked {marker}: {reason}", file=sys.stderr)
    if missing and os.geteuid() == 0:
        print("a service is missing although this user may install it", file=sys.stderr)
        return 1
    left_out = [f"not {marker}" for marker in missing]
    environment = {**os.environ, "BAIJING_TEST_FULL": "1" if full else ""}
    apart = [f"not {marker}" for marker in ONE_AT_A_TIME]
    together = run_pytest(
        " and ".join([*apart, *left_out]), environment, "-n", "auto", "--cov-report="
    )
    in_turn = run_pytest(
        " and ".join([f"({' or '.join(ONE_AT_A_TIME)})", *left_out]),
        environment,
        "--cov-append",
        "--cov-report=term:skip-covered",
    )
    return together or in_turn


if __name__ == "__main__":
    sys.exit(main())
