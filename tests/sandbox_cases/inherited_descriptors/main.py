import os
import stat

OPEN = {}
for descriptor in range(3, 4096):
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        continue
    target = os.readlink(f"/proc/self/fd/{descriptor}")
    if not target.startswith("/code/"):
        OPEN[descriptor] = (target, stat.filemode(mode))
assert not OPEN, OPEN
assert os.read(0, 1) == b"", "standard input is not empty"
for descriptor in (0, 1, 2):
    assert not os.isatty(descriptor)
