import os
import random

random.seed(1)
os.write(1, b"begin\n")
for chunk in (
    b"\xf0\x9f",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xff" * 100,
    b"\x1b]0;never ended",
    bytes(256) + bytes(range(256)),
):
    os.write(1, chunk)
    os.write(1, bytes(random.randrange(256) for _ in range(5000)))
os.write(1, b"\x07\x1b\\\nend\n")
