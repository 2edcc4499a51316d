import os
import signal

for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    while True:
        os.setsid()
        if os.fork():
            os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        signal.pause()
