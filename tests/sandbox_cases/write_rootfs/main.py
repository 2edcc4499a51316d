import os

WRITTEN = []
for folder in (
    "/",
    "/code",
    "/etc",
    "/usr",
    "/opt/venv",
    "/opt/baijing",
    "/proc/sys/kernel",
    "/sys/fs/cgroup",
    "/dev",
):
    try:
        descriptor = os.open(f"{folder}/probe", os.O_CREAT | os.O_WRONLY)
        os.close(descriptor)
        WRITTEN.append(folder)
    except OSError:
        pass
for path in (
    "/code/main.py",
    "/etc/passwd",
    "/proc/sys/kernel/core_pattern",
    "/proc/sysrq-trigger",
):
    try:
        os.close(os.open(path, os.O_WRONLY))
        WRITTEN.append(path)
    except OSError:
        pass
assert WRITTEN in ([], ["/dev"]), WRITTEN
for folder in ("/output", "/tmp", "/dev/shm"):
    with open(f"{folder}/probe", "w") as sink:
        sink.write("x")
