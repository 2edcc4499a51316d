import os

os.mkdir("/output/answer.csv")
open("/output/answer.csv/x", "w").close()
