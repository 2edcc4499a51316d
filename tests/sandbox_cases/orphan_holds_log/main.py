import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1)
        while True:
            os.write(1, b"after\n")
            time.sleep(0.2)
    os._exit(0)
os.wait()
print("the end", flush=True)
