import sys

sys.stdout.buffer.write(b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \xff\xfe ok \xe2\x80\xaerev\x00\n")
