import ctypes
import os
import time

libc = ctypes.CDLL(None)
for name in (b"dockerd", b"containerd-shim", b"", b"a) R 1 (b\n"):
    if os.fork() == 0:
        os.setsid()
        libc.prctl(15, name)
        libc.prctl(36, 1)  # adopts what is orphaned below it
        libc.prctl(1, 0)
        libc.prctl(4, 0)
        os.environ.clear()
        if os.fork() == 0:
            os.execve("/bin/sleep", [os.fsdecode(name) or "x", "60"], {})
        time.sleep(60)
time.sleep(0.2)
