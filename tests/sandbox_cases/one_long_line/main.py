import sys

sys.stdout.write("the head" + "\u4e2d" * 3_000_000 + "the tail")
