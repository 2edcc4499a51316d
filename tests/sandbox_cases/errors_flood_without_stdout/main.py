import os

os.close(1)
while True:
    os.write(2, b"e" * 4096)
