import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
if platform.machine() == "x86_64":
    for number in range(1000):
        added = libc.syscall(248, b"user", b"key%d" % number, bytes(4096), 4096, -2)
        assert added == -1, added
    assert libc.syscall(249, b"user", b"key", 0, -2) == -1
    assert libc.syscall(250, 1, b"session") == -1
