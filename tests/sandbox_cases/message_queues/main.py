import ctypes

libc = ctypes.CDLL(None, use_errno=True)
try:
    opened = libc.mq_open
except AttributeError:
    opened = ctypes.CDLL("librt.so.1", use_errno=True).mq_open
made = [opened(b"/queue%d" % number, 0o102, 0o600, None) for number in range(300)]
assert all(queue == -1 for queue in made), made
