import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
PRIVATE, CREATE = 0, 0o1600
for _ in range(2000):
    queue = libc.msgget(PRIVATE, CREATE)
    if queue < 0:
        break
    while libc.msgsnd(queue, (1).to_bytes(8, "little") + bytes(8000), 8000, 0o4000) == 0:
        pass
for _ in range(2000):
    if libc.semget(PRIVATE, 200, CREATE) < 0:
        break
for _ in range(1000):
    block = libc.shmget(PRIVATE, ctypes.c_size_t(16 << 20), CREATE)
    if block < 0:
        break
    address = libc.shmat(block, None, 0)
    if address in (None, 2**64 - 1):
        break
    ctypes.memset(address, 1, 16 << 20)
    libc.shmdt(ctypes.c_void_p(address))
