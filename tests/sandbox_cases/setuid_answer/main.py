import os

open("/output/answer.csv", "w").close()
os.chmod("/output/answer.csv", 0o6777)
os.chmod("/output", 0o1777)
