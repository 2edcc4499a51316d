import os

os.symlink("/etc", "/output/deep")
