import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
PTRACE, KEYCTL, UNSHARE, IO_URING, USERFAULTFD, BPF, PERF = 101, 250, 272, 425, 323, 321, 298
CALLS = {
    "unshare(user)": (UNSHARE, 0x10000000),
    "ptrace(traceme)": (PTRACE, 0),
    "keyctl": (KEYCTL, 0, -3, 1),
    "io_uring_setup": (IO_URING, 8, 0),
    "userfaultfd": (USERFAULTFD, 0),
    "bpf": (BPF, 0, 0, 0),
    "perf_event_open": (PERF, 0, 0, -1, -1, 0),
}
if platform.machine() == "x86_64":
    for name, call in CALLS.items():
        ctypes.set_errno(0)
        answer = libc.syscall(*call)
        errno = ctypes.get_errno()
        assert answer == -1 and errno in (1, 38), (name, answer, errno)
