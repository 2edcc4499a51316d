import os
import resource

os.chdir("/output")
try:
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, resource.RLIM_INFINITY))
except (OSError, ValueError):
    pass
hoard = bytearray(b"secret" * 100_000)
os.abort()
