import ctypes
import time

libc = ctypes.CDLL(None, use_errno=True)
before = time.time()
moment = (ctypes.c_long * 2)(1, 1)
assert libc.clock_settime(0, moment) == -1
assert libc.settimeofday(moment, None) == -1
timex = (ctypes.c_uint * 64)()
timex[0] = 0x0001
timex[2] = 1000
assert libc.adjtimex(timex) == -1
assert libc.clock_adjtime(0, timex) == -1
try:
    time.clock_settime(time.CLOCK_REALTIME, 0)
except OSError:
    pass
else:
    raise SystemExit("clock set")
assert 0 <= time.time() - before < 15
