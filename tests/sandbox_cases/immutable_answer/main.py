import array
import fcntl
import os

GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602
open("/output/answer.csv", "w").close()
descriptor = os.open("/output/answer.csv", os.O_RDWR)
for flag in (0x10, 0x20):
    try:
        fcntl.ioctl(descriptor, SET_FLAGS, array.array("l", [flag]))
    except OSError:
        continue
    raise SystemExit(f"flag {flag:x}")
