import os

while True:
    for folder in ("/output", "/tmp"):
        descriptor = os.open(f"{folder}/storm", os.O_CREAT | os.O_RDWR | os.O_TRUNC)
        os.write(descriptor, bytes(8 << 20))
        os.fsync(descriptor)
        os.close(descriptor)
        os.sync()
        os.unlink(f"{folder}/storm")
