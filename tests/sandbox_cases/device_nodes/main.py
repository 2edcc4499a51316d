import itertools
import os
import stat

OPENED = []
GUESSED = [f"/dev/nvidia{number}" for number in range(16)]
GUESSED += [
    "/dev/nvidiactl",
    "/dev/nvidia-uvm",
    "/dev/nvidia-modeset",
    "/dev/nvidia-caps/nvidia-cap1",
]
GUESSED += ["/dev/dri/card0", "/dev/dri/renderD128", "/dev/kfd", "/dev/kvm", "/dev/fuse"]
GUESSED += ["/dev/net/tun", "/dev/loop-control", "/dev/loop0", "/dev/mapper/control", "/dev/vsock"]
GUESSED += [
    "/dev/vhost-net",
    "/dev/vhost-vsock",
    "/dev/uinput",
    "/dev/tty0",
    "/dev/ttyS0",
    "/dev/rtc0",
]
GUESSED += [
    "/dev/sda",
    "/dev/vda",
    "/dev/vda1",
    "/dev/nvme0n1",
    "/dev/mem",
    "/dev/dm-0",
    "/dev/hpet",
]
for path in GUESSED:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        OPENED.append(path)
    except OSError:
        pass
NUMBERS = [
    (195, 0),
    (195, 255),
    (8, 0),
    (254, 0),
    (253, 0),
    (259, 0),
    (7, 0),
    (10, 229),
    (1, 1),
    (10, 232),
]
KINDS = (stat.S_IFCHR, stat.S_IFBLK)
FOLDERS = ("/output", "/tmp", "/dev/shm", "/dev")
for folder, kind, (major, minor) in itertools.product(FOLDERS, KINDS, NUMBERS):
    path = f"{folder}/node"
    try:
        os.mknod(path, kind | 0o666, os.makedev(major, minor))
    except OSError:
        continue
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        OPENED.append((path, major, minor))
    except OSError:
        pass
    os.unlink(path)
assert not OPENED, OPENED
