import os

OPENED = []
for path in (
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
    "/dev/kmsg",
    "/proc/kcore",
    "/proc/kmsg",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/slabinfo",
    "/proc/vmallocinfo",
    "/proc/timer_list",
    "/proc/keys",
    "/proc/sched_debug",
    "/sys/kernel/debug/tracing",
    "/sys/kernel/security",
    "/sys/firmware/dmi/tables/DMI",
    "/sys/firmware/acpi/tables",
):
    try:
        found = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(64)
    except OSError:
        continue
    if found:
        OPENED.append(path)
assert not OPENED, OPENED
try:
    addresses = {line.split()[0] for line in open("/proc/kallsyms")}
except OSError:
    addresses = set()
assert addresses <= {"0000000000000000"}, "kernel addresses"
