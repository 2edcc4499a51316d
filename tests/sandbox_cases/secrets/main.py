import os
from pathlib import Path

for path in (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/root/.ssh",
    "/home",
    "/etc/shadow",
    "/truth",
):
    try:
        found = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read()
    except OSError:
        continue
    assert not found, path
ALLOWED = {"PATH", "HOME", "HOSTNAME", "LD_LIBRARY_PATH", "PWD", "OLDPWD", "SHLVL", "LC_CTYPE", "_"}
for entry in Path("/proc").iterdir():
    if entry.name.isdigit():
        try:
            text = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        for line in filter(None, text.split("\0")):
            name = line.split("=", 1)[0]
            assert name in ALLOWED or name in os.environ, name
