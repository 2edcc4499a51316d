import os
import time

child = os.fork()
if child == 0:
    hoard = []
    while True:
        hoard.append(bytearray(4 << 20))
        time.sleep(0.001)
os.waitpid(child, 0)
