import os

WRITTEN = []
PATHS = [
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/sysrq",
    "/proc/sys/kernel/panic",
    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/pid_max",
    "/proc/sys/fs/file-max",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/user/max_inotify_instances",
    "/proc/irq/default_smp_affinity",
    "/proc/bus/pci",
    "/proc/acpi",
    "/proc/mtrr",
    "/sys/kernel/uevent_helper",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/power/state",
    "/sys/block",
    "/sys/module/printk/parameters/time",
]
for path in PATHS:
    try:
        descriptor = os.open(path, os.O_WRONLY)
    except OSError:
        continue
    try:
        os.write(descriptor, b"|/output/handler\n")
        WRITTEN.append(path)
    except OSError:
        pass
    os.close(descriptor)
assert not WRITTEN, WRITTEN
