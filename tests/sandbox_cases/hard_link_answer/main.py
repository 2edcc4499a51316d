import os

open("/output/other", "w").close()
os.link("/output/other", "/output/answer.csv")
