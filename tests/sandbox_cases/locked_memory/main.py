import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.mlockall(3)
hoard = []
while True:
    hoard.append(bytearray(8 << 20))
    libc.mlockall(1)
