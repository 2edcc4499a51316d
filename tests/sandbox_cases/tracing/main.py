import ctypes
import os
import signal
import time

libc = ctypes.CDLL(None, use_errno=True)
ATTACH, SEIZE = 16, 0x4206
child = os.fork()
if child == 0:
    time.sleep(30)
    os._exit(0)
for pid in {1, os.getppid(), child} - {0}:
    for request in (ATTACH, SEIZE):
        assert libc.ptrace(request, pid, None, None) == -1, (request, pid)
os.kill(child, signal.SIGKILL)
os.wait()
