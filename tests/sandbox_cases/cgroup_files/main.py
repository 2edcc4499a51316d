import os

CHANGED = []
NAMES = {
    "release_agent",
    "notify_on_release",
    "cgroup.procs",
    "tasks",
    "cgroup.subtree_control",
    "cgroup.kill",
    "cgroup.freeze",
    "memory.limit_in_bytes",
    "memory.max",
    "pids.max",
    "cpu.max",
    "cpu.cfs_quota_us",
    "devices.allow",
}
for folder, _, names in os.walk("/sys/fs/cgroup"):
    for name in NAMES & set(names):
        try:
            descriptor = os.open(f"{folder}/{name}", os.O_WRONLY)
            os.write(descriptor, b"0")
            os.close(descriptor)
            CHANGED.append(f"{folder}/{name}")
        except OSError:
            pass
    try:
        os.mkdir(f"{folder}/escape")
        CHANGED.append(folder)
    except OSError:
        pass
assert not CHANGED, CHANGED
