"""Start processes that stay, as many as the machine lets; say how many came to be."""

import os
import signal
import sys

children = []
try:
    for _ in range(256):
        child = os.fork()
        if child == 0:
            signal.pause()
            os._exit(0)
        children.append(child)
except OSError:
    pass
sys.stdout.write(f"{len(children)}\n")
for child in children:
    os.kill(child, signal.SIGKILL)
