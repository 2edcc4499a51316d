"""A system-call filter as the kernel takes it, since bubblewrap compiles none.

A deny-list, where Docker's is an allow-list: programs here run on whatever kernel and C library a
developer has. It closes what the namespaces leave open: AF_VSOCK, io_uring, tracing, keys, and the
calls that make new namespaces or mounts. Numbers: the kernel's unistd tables for each machine.
"""

import errno
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox import policy

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x40000000
_CLONE3 = 435
_NEWER = (425, 426, 427, 428, 429, 430, 431, 432, 433, 442)
"""io_uring (3), open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr: one
number everywhere."""


@dataclass(frozen=True, slots=True)
class _Machine:
    architecture: int
    clone: int
    socket: int
    denied: Mapping[str, int]


_MACHINES = {
    "x86_64": _Machine(
        architecture=0xC000003E,
        clone=56,
        socket=41,
        denied={
            "ptrace": 101,
            "pivot_root": 155,
            "acct": 163,
            "mount": 165,
            "umount2": 166,
            "swapon": 167,
            "init_module": 175,
            "delete_module": 176,
            "quotactl": 179,
            "kexec_load": 246,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "unshare": 272,
            "perf_event_open": 298,
            "name_to_handle_at": 303,
            "open_by_handle_at": 304,
            "setns": 308,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "kcmp": 312,
            "finit_module": 313,
            "kexec_file_load": 320,
            "bpf": 321,
            "userfaultfd": 323,
        },
    ),
    "aarch64": _Machine(
        architecture=0xC00000B7,
        clone=220,
        socket=198,
        denied={
            "umount2": 39,
            "mount": 40,
            "pivot_root": 41,
            "quotactl": 60,
            "acct": 89,
            "unshare": 97,
            "kexec_load": 104,
            "init_module": 105,
            "delete_module": 106,
            "ptrace": 117,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "swapon": 224,
            "perf_event_open": 241,
            "name_to_handle_at": 264,
            "open_by_handle_at": 265,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "kcmp": 272,
            "finit_module": 273,
            "bpf": 280,
            "userfaultfd": 282,
            "kexec_file_load": 294,
        },
    ),
}


def filter_program(machine: str | None = None) -> bytes | None:
    """Return the filter for this kind of machine, or None where its numbers are not known here."""
    found = _MACHINES.get(machine or platform.machine())
    if found is None:
        return None
    refused = _ERRNO | errno.EPERM
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, found.architecture, 1, 0),
        _step(_RETURN, _KILL),  # another architecture's calls have other numbers
        _step(_LOAD, _NUMBER),
        *_refuse(_AT_LEAST, _X32, _ERRNO | errno.ENOSYS),
        *_refuse(_EQUAL, _CLONE3, _ERRNO | errno.ENOSYS),  # its flags cannot be seen from here
    ]
    for number in (*sorted(found.denied.values()), *_NEWER):
        program += _refuse(_EQUAL, number, refused)
    program += [
        _step(_EQUAL, found.clone, 0, 4),
        _step(_LOAD, _FIRST_ARGUMENT),
        *_refuse(_ANY_BIT, policy.CLONE_NAMESPACES, refused),
        _step(_RETURN, _ALLOW),
        _step(_EQUAL, found.socket, 0, 2 * len(policy.SOCKET_FAMILIES) + 2),
        _step(_LOAD, _FIRST_ARGUMENT),
    ]
    for family in policy.SOCKET_FAMILIES:
        program += _refuse(_EQUAL, family, _ALLOW)
    program += [_step(_RETURN, refused), _step(_RETURN, _ALLOW)]
    return b"".join(program)


def _refuse(test: int, operand: int, answer: int) -> list[bytes]:
    """Two steps: end with `answer` when the test holds, else go on."""
    return [_step(test, operand, 0, 1), _step(_RETURN, answer)]


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)
