"""The neighbour: fixed honest work that needs a little of everything that others may hoard.

Prints a digest of what it worked out and the seconds that took; runs inside the sandbox.
"""

import ctypes
import hashlib
import os
import socket
import subprocess
import threading
import time
from pathlib import Path


def kernel_objects() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(0)
    assert watch >= 0
    assert libc.inotify_add_watch(watch, b"/tmp", 0x100) >= 0
    memory = libc.shmget(0, ctypes.c_size_t(1 << 20), 0o1600)
    assert memory >= 0
    assert libc.shmctl(memory, 0, None) == 0
    with socket.create_server(("127.0.0.1", 8000)) as server:
        client = socket.create_connection(server.getsockname())
        served, _ = server.accept()
        client.sendall(b"x" * 1000)
        assert served.recv(4096)
        client.close()
        served.close()


def files() -> None:
    for folder in ("/tmp", "/dev/shm", "/output"):
        for number in range(50):
            Path(folder, str(number)).write_bytes(bytes(20_000))
    pipes = [os.pipe() for _ in range(50)]
    for source, sink_end in pipes:
        os.write(sink_end, b"x" * 4096)
        assert os.read(source, 4096)


def processes() -> None:
    done = subprocess.run(["/bin/true"], check=True)
    assert done.returncode == 0
    threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def work() -> str:
    state = b"seed"
    memory = bytearray(16 << 20)
    for number in range(400):
        state = hashlib.sha256(memory[: 1 << 20] + state).digest()
        memory[number * 4096 : number * 4096 + 32] = state
    return state.hex()


kernel_objects()
files()
processes()
started = time.perf_counter()
digest = work()
print("digest", digest)
print("seconds", time.perf_counter() - started)
Path("/output/answer.csv").write_text(digest)
