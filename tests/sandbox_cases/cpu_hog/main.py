import os

for _ in range(4):
    os.fork()
try:
    os.sched_setaffinity(0, range(os.cpu_count()))
except OSError:
    pass
while True:
    pass
