import os
import signal

for pid in {1, os.getppid()} - {0, os.getpid()}:
    for number in (signal.SIGSTOP, signal.SIGSEGV, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except OSError:
            pass
print("still here")
