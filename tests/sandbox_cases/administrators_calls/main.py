import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "syslog": (103, 3, bytes(100), 100),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0x1234567, 0),
    "swapon": (167, b"/tmp/x", 0),
    "swapoff": (168, b"/tmp/x"),
    "acct": (163, b"/output/acct"),
    "quotactl": (179, 0x800002 << 8, b"/dev/vda", 0, 0),
    "init_module": (175, bytes(64), 64, b""),
    "finit_module": (313, 0, b"", 0),
    "delete_module": (176, b"ext4", 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "kexec_file_load": (320, 0, 0, 0, b"", 0),
    "iopl": (172, 3),
    "ioperm": (173, 0x70, 2, 1),
    "sethostname": (170, b"host", 4),
    "setdomainname": (171, b"host", 4),
    "vhangup": (153,),
    "bpf": (321, 0, bytes(128), 128),
    "perf_event_open": (298, bytes(128), 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "io_uring_setup": (425, 8, bytes(120)),
    "io_uring_enter": (426, 0, 0, 0, 0, 0, 0),
    "io_uring_register": (427, 0, 0, 0, 0),
    "name_to_handle_at": (303, -100, b"/etc/passwd", bytes(136), bytes(8), 0),
    "open_by_handle_at": (304, -100, bytes(136), 0),
    "fanotify_init": (300, 0, 0),
    "lookup_dcookie": (212, 0, bytes(64), 64),
    "move_pages": (279, 1, 0, 0, 0, 0, 0),
    "process_vm_readv": (310, 1, 0, 1, 0, 1, 0),
    "modify_ldt": (154, 1, bytes(16), 16),
}
if platform.machine() == "x86_64":
    done = [name for name, call in CALLS.items() if libc.syscall(*call) > 0]
    assert not done, done
    # zero is an answer as well, but not to these
    for name in ("reboot", "init_module", "iopl", "ioperm", "sethostname", "syslog", "acct", "bpf"):
        assert libc.syscall(*CALLS[name]) == -1, name
