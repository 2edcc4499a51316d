"""Take a gibibyte and touch all of it."""

import sys

hoard = bytearray(1 << 30)
hoard[::4096] = b"x" * len(hoard[::4096])
sys.stdout.write(f"took {len(hoard)}\n")
