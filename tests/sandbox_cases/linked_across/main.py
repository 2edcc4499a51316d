import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for source in (
    "/etc/passwd",
    "/code/main.py",
    "/input/data.csv",
    "/proc/self/exe",
    "/dev/null",
    "/proc/self/environ",
):
    try:
        os.link(source, "/output/answer.csv", follow_symlinks=True)
    except OSError:
        continue
    raise SystemExit(source)
memory = os.memfd_create("memory")
assert libc.linkat(memory, b"", -100, b"/output/answer.csv", 0x1000) == -1
image = os.open("/etc/passwd", os.O_RDONLY)
assert libc.linkat(image, b"", -100, b"/output/answer.csv", 0x1000) == -1
assert libc.linkat(-100, b"/proc/self/fd/%d" % image, -100, b"/output/answer.csv", 0x400) == -1
