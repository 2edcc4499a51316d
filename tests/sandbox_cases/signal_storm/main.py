import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
queued = 0
while libc.sigqueue(os.getpid(), signal.SIGRTMIN + 1, None) == 0 and queued < 1_000_000:
    queued += 1
assert queued < 1_000_000
for target in (1, 2, os.getppid(), -1, 0):
    for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGCHLD, signal.SIGRTMIN):
        try:
            os.kill(target, number)
        except OSError:
            pass
print(queued)
