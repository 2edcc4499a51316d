import os

for folder in ("/tmp", "/output", "/dev/shm"):
    path = f"{folder}/file"
    open(path, "w").close()
    try:
        for number in range(20_000):
            os.setxattr(path, f"user.attribute{number}", bytes(60_000))
    except OSError as error:
        print(folder, number, error)
