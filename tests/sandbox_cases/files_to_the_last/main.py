import os

for number in range(10):
    os.mkdir(f"/output/{number}")
    open(f"/output/{number}/file", "w").close()
