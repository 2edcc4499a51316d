import os
import subprocess

assert os.getuid() not in (0, 65534)
for attempt in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit("identity changed")
for tool in (
    ["su", "-c", "id -u"],
    ["mount", "-t", "tmpfs", "tmpfs", "/tmp"],
    ["chroot", "/", "true"],
):
    try:
        done = subprocess.run(
            tool, capture_output=True, stdin=subprocess.DEVNULL, timeout=5, check=False
        )
    except OSError:
        continue
    assert done.returncode != 0, tool
status = open("/proc/self/status").read()
assert "CapEff:\t0000000000000000" in status
assert "NoNewPrivs:\t1" in status or "NoNewPrivs" not in status
