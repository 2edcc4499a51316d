import os

held = []
while True:
    held.append(os.memfd_create("hoard"))
    try:
        for _ in range(8):
            os.write(held[-1], bytes(8 << 20))
    except OSError:
        held.pop()
