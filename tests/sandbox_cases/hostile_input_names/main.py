import os

found = sorted(os.listdir(b"/input"))
assert b"a\nb" in found and b"-rf" in found and b"\xff\xfe" in found, found
assert open(b"/input/" + b"n" * 255, "rb").read() == b"x"
path = b"/input" + b"/deep" * 30 + b"/file"
assert open(path, "rb").read() == b"deep"
