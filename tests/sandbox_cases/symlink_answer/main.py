import os

os.symlink("/etc/passwd", "/output/answer.csv")
