"""An input whose names are no plain text."""

import os
import sys

root = os.fsencode(sys.argv[2])
for name in (b"a\nb", b"-rf", b"\xff\xfe", "\u202ecba".encode(), b"n" * 255):
    with open(root + b"/" + name, "wb") as sink:
        sink.write(b"x")
os.makedirs(root + b"/deep" * 30)
with open(root + b"/deep" * 30 + b"/file", "wb") as sink:
    sink.write(b"deep")
