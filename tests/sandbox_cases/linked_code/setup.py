"""Put a link to a file of this machine's where only plain files belong."""

import os
import sys

os.symlink("/etc/passwd", f"{sys.argv[1]}/helper.py")
