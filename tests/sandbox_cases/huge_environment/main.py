import os
import subprocess

for count in (10, 60, 400):
    big = {f"V{number}": "x" * 100_000 for number in range(count)}
    try:
        done = subprocess.run(["/bin/true"], env=big, check=False)
        assert done.returncode == 0
    except OSError as error:
        print(count, error)
for count in (10, 400):
    try:
        subprocess.run(["/bin/true", *("x" * 100_000 for _ in range(count))], check=False)
    except OSError as error:
        print(count, error)
try:
    os.execve("/bin/true", ["x" * (1 << 22)], {})
except OSError as error:
    print(error)
