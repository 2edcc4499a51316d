import atexit
import os


@atexit.register
def swap():
    os.unlink("/output/answer.csv")
    os.mkdir("/output/answer.csv")
    os.mkdir("/output/answer.csv/answer.csv")


with open("/output/answer.csv", "w") as sink:
    sink.write("id\n")
