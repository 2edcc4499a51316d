"""Stands in for NVIDIA's hook: an engine that finds it on its PATH takes requests for GPUs.

It does what the real one does to a container, as far as a run can tell: a device node per GPU (of a
card that is not there) and a new linker cache in the container's /etc, made by ldconfig; it refuses
ids that no card has. Each call is noted as one line of JSON. Beside it lie `cards` (one id a line)
and `calls`. The engine starts it with an empty environment, so it stands alone.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    state = json.load(sys.stdin)
    bundle = Path(state["bundle"])
    config = json.loads((bundle / "config.json").read_text())
    environment = dict(entry.split("=", 1) for entry in config["process"]["env"])
    wanted = environment.get("NVIDIA_VISIBLE_DEVICES", "")
    call = {
        "stage": sys.argv[1],
        "devices": wanted,
        "capabilities": environment.get("NVIDIA_DRIVER_CAPABILITIES"),
        "container": state["id"],
    }
    with (HERE / "calls").open("a") as calls:
        calls.write(json.dumps(call) + "\n")
    cards = (HERE / "cards").read_text().split()
    for uuid in wanted.split(","):
        if uuid not in cards:
            print(f"nvidia-container-cli: device error: {uuid}: unknown device", file=sys.stderr)
            return 1
    root = bundle / config["root"]["path"]
    return prepare(root, state["pid"], [cards.index(uuid) for uuid in wanted.split(",")])


def prepare(root: Path, pid: int, minors: list[int]) -> int:
    inside = ["nsenter", f"--mount=/proc/{pid}/ns/mnt", "chroot", str(root)]
    nodes = [f"mknod /dev/nvidia{minor} c 195 {minor}" for minor in minors]
    linker = "ldconfig -f /etc/ld.so.conf -C /etc/ld.so.cache"
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **os.environ}
    for command in (*nodes, linker):
        done = subprocess.run(  # what it prints is the engine's to show
            [*inside, *command.split()], env=path, check=False, stdout=sys.stderr
        )
        if done.returncode:
            print(f"nvidia-container-cli: {command.split()[0]} failed", file=sys.stderr)
            return 1
    return 0


sys.exit(main())
