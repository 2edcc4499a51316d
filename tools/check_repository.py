"""What must not be in the repository: download addresses, big files, caches, secrets."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LARGEST: Final = 1 << 20
FORBIDDEN: Final = {
    "a download address in a lock file": re.compile(
        r'^\s*--(?:extra-)?index[-]url|"resolve[d]":', re.MULTILINE
    ),
    "a mark of an unresolved merge": re.compile(r"^(?:<{7}|>{7}) \S", re.MULTILINE),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a home or work folder of one machine": re.compile(r"(?<![\w.])/(?:root|home/\w+|work)/\w"),
}


def main() -> int:
    """Print every finding; return the exit status."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    findings = [
        finding for name in listed.split("\0") if name for finding in examine(ROOT / name, name)
    ]
    print("\n".join(findings))
    return 1 if findings else 0


def examine(path: Path, name: str) -> list[str]:
    """Return what is wrong with one file."""
    if not path.is_file():
        return []
    if path.stat().st_size > LARGEST:
        return [f"{name}: larger than {LARGEST} bytes"]
    text = path.read_text(errors="replace")
    return [f"{name}: {what}" for what, pattern in FORBIDDEN.items() if pattern.search(text)]


if __name__ == "__main__":
    sys.exit(main())
