import ctypes
import os
import select
import time

libc = ctypes.CDLL(None, use_errno=True)
for _ in range(8):
    if os.fork() == 0:
        polls = []
        try:
            while len(polls) < 300:
                polls.append(select.epoll())
        except OSError:
            pass
        events = []
        while len(events) < 600 and (event := libc.eventfd(0, 0)) >= 0:
            events.append(event)
        for poll in polls:
            for event in events:
                try:
                    poll.register(event)
                except OSError:
                    break
        timer = ctypes.c_int()
        for _ in range(20_000):
            if libc.timer_create(1, None, ctypes.byref(timer)) != 0:
                break
        libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
        time.sleep(30)
time.sleep(2)
