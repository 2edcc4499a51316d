import fcntl
import os

descriptor = os.open("/tmp/locked", os.O_CREAT | os.O_RDWR)
for number in range(0, 400_000, 2):
    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
