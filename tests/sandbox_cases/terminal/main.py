import fcntl
import os

TYPE_IN, ATTACH = 0x5412, 0x540E
for descriptor in (0, 1, 2):
    for request, argument in ((TYPE_IN, b"x"), (ATTACH, 0)):
        try:
            fcntl.ioctl(descriptor, request, argument)
        except OSError:
            continue
        raise SystemExit(f"{descriptor} {request:x}")
for path in ("/dev/tty", "/dev/console", "/dev/tty1"):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        continue
    raise SystemExit(path)
