import os

os.mkdir("/output/closed")
for path in ("/output/answer.csv", "/output/closed/answer.csv"):
    with open(path, "w") as sink:
        sink.write("id,value\n")
    os.chmod(path, 0)
os.chmod("/output/closed", 0)
os.chmod("/output", 0)
