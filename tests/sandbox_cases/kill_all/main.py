import os
import signal
import time

if os.fork() == 0:
    time.sleep(60)
os.kill(-1, signal.SIGKILL)
assert os.WTERMSIG(os.wait()[1]) == signal.SIGKILL
