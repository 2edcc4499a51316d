"""The filter is run here by a small interpreter, as the kernel would."""

import errno
import struct

import pytest

from sandbox.bubblewrap.seccomp import filter_program

ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
X86, ARM = 0xC000003E, 0xC00000B7


def answer(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    data = {0: number, 4: architecture, 16: argument}
    steps = list(struct.iter_unpack("=HBBI", program))
    accumulator = position = 0
    while True:
        code, if_true, if_false, operand = steps[position]
        position += 1
        if code == 0x06:
            return int(operand)
        if code == 0x20:
            accumulator = data[operand]
            continue
        holds = {
            0x15: accumulator == operand,
            0x35: accumulator >= operand,
            0x45: bool(accumulator & operand),
        }[code]
        position += if_true if holds else if_false


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "argument", "expected"),
    [
        ("x86_64", X86, 0, 0, ALLOW),  # read
        ("x86_64", X86, 57, 0, ALLOW),  # fork
        ("x86_64", 0x40000003, 0, 0, KILL),  # a 32-bit call
        ("x86_64", X86, 0x40000000, 0, ENOSYS),  # x32
        ("x86_64", X86, 272, 0, EPERM),  # unshare
        ("x86_64", X86, 425, 0, EPERM),  # io_uring_setup
        ("x86_64", X86, 435, 0, ENOSYS),  # clone3
        ("x86_64", X86, 56, 0x01200011, ALLOW),  # clone for a process
        ("x86_64", X86, 56, 0x003D0F00, ALLOW),  # clone for a thread
        ("x86_64", X86, 56, 0x10000000, EPERM),  # clone for a user namespace
        ("x86_64", X86, 41, 1, ALLOW),  # AF_UNIX
        ("x86_64", X86, 41, 2, ALLOW),
        ("x86_64", X86, 41, 10, ALLOW),
        ("x86_64", X86, 41, 16, ALLOW),  # AF_NETLINK
        ("x86_64", X86, 41, 40, EPERM),  # AF_VSOCK
        ("x86_64", X86, 41, 17, EPERM),  # AF_PACKET
        ("aarch64", ARM, 63, 0, ALLOW),
        ("aarch64", ARM, 97, 0, EPERM),
        ("aarch64", ARM, 220, 0x10000000, EPERM),
        ("aarch64", ARM, 198, 40, EPERM),
        ("aarch64", X86, 0, 0, KILL),
    ],
)
def test_filter(machine: str, architecture: int, number: int, argument: int, expected: int) -> None:
    program = filter_program(machine)
    assert program is not None
    assert len(program) % 8 == 0
    assert answer(program, architecture, number, argument) == expected


def test_unknown_machines_have_none() -> None:
    assert filter_program("riscv64") is None
