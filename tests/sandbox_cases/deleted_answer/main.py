import os

sink = open("/output/answer.csv", "w")
sink.write("id\n")
sink.flush()
os.unlink("/output/answer.csv")
os._exit(0)
