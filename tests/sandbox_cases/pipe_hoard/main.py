import fcntl
import os
import time

for _ in range(8):
    if os.fork() == 0:
        pipes = []
        try:
            while True:
                pipes.append(os.pipe())
        except OSError:
            pass
        for _, sink in pipes:
            try:
                fcntl.fcntl(sink, 1031, 1 << 20)
            except OSError:
                pass
            os.set_blocking(sink, False)
            try:
                while True:
                    os.write(sink, bytes(1 << 16))
            except OSError:
                pass
        time.sleep(30)
time.sleep(3)
