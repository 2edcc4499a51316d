import ctypes
import fcntl
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)


class Span(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


pipes = []
try:
    while len(pipes) < 500:
        source, sink = os.pipe()
        pipes.append((source, sink))
        try:
            fcntl.fcntl(sink, 1031, 1 << 20)
        except OSError:
            pass
        os.set_blocking(sink, False)
        page = mmap.mmap(-1, 1 << 20)
        page.write(b"x" * (1 << 20))
        span = Span(ctypes.addressof(ctypes.c_char.from_buffer(page)), 1 << 20)
        libc.vmsplice(sink, ctypes.byref(span), 1, 8 | 2)
        if len(pipes) > 1:
            libc.tee(pipes[-2][0], sink, 1 << 20, 2)
except OSError:
    pass
print(len(pipes))
