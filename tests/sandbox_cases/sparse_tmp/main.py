import os

for path in ("/tmp/hole", "/dev/shm/hole"):
    for size in (1 << 40, 1 << 62):
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
        try:
            os.ftruncate(descriptor, size)
        except OSError:
            pass
        else:
            raise SystemExit(f"{path} of {size}")
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            pass
        else:
            raise SystemExit(f"{path} allocated {size}")
        os.close(descriptor)
