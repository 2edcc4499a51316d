import ctypes
import time

libc = ctypes.CDLL(None, use_errno=True)
instances = []
while len(instances) < 100_000:
    handle = libc.inotify_init1(0)
    if handle < 0:
        break
    instances.append(handle)
watches = sum(
    libc.inotify_add_watch(instances[0], b"/proc/self/fd/%d" % number, 0xFFF) > 0
    for number in range(5000)
)
print(f"{len(instances)} instances, {watches} watches")
time.sleep(1)
