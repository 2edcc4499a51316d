import os

left = 524288
while left:
    left -= os.write(1, b"x" * min(left, 1024 - 1) + b"\n" if left >= 1024 else b"x" * left)
