"""The rules as data, the engine's form of them, and the kernel's, run by a small interpreter."""

import ctypes
import ctypes.util
import errno
import json
import struct
from collections.abc import Iterator

import pytest

from sandbox.seccomp import (
    RULES,
    allowed_names,
    engine_profile,
    filter_program,
    read_facts,
    read_rules,
)

ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
X86, ARM = 0xC000003E, 0xC00000B7
MACHINES = {"x86_64": X86, "aarch64": ARM}


def answer(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    data = {0: number, 4: architecture, 16: argument & 0xFFFFFFFF}
    steps = list(struct.iter_unpack("=HBBI", program))
    accumulator = position = 0
    while True:
        code, if_true, if_false, operand = steps[position]
        position += 1
        if code == 0x06:
            return int(operand)
        assert position + max(if_true, if_false) < len(steps)  # as the kernel checks beforehand
        if code == 0x20:
            accumulator = data[operand]
            continue
        holds = {
            0x15: accumulator == operand,
            0x35: accumulator >= operand,
            0x45: bool(accumulator & operand),
        }[code]
        position += if_true if holds else if_false


def groups() -> Iterator[tuple[str, list[str]]]:
    document = json.loads(RULES.read_text(encoding="utf-8"))
    for part in ("allow", "deny"):
        for group in document[part]:
            yield group["why"], group["names"]
    for each in document["narrow"]:
        yield each["why"], [each["name"]]


def test_every_call_of_the_table_is_in_one_place_with_a_reason() -> None:
    named = [name for _why, names in groups() for name in names]
    known = {name for table in read_facts().numbers.values() for name in table}
    assert sorted(named) == sorted(known)
    assert all(len(why) > 5 for why, _names in groups())


def test_the_profile_is_the_engines_default_without_ours() -> None:
    rules, facts = read_rules(), read_facts()
    assert facts.engine_version
    assert rules.allowed < facts.engine_allows
    assert allowed_names() == rules.allowed
    assert rules.narrowed < facts.engine_allows
    # what is stricter here than there, by name: a change is a decision
    assert sorted(facts.engine_allows & rules.denied) == [
        *("adjtimex", "cachestat", "clock_adjtime", "epoll_ctl_old", "epoll_wait_old"),
        *("fanotify_mark", "get_thread_area", "io_cancel", "io_destroy"),
        *("io_getevents", "io_pgetevents", "io_setup", "io_submit", "listmount", "memfd_secret"),
        *("modify_ldt", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive"),
        *("mq_timedsend", "mq_unlink", "name_to_handle_at", "process_mrelease"),
        *("process_vm_readv", "process_vm_writev", "ptrace", "set_thread_area", "statmount"),
    ]


def test_the_table_agrees_with_the_machines_own_library() -> None:
    """Checked with libseccomp where it is installed, as it is beside every engine."""
    path = ctypes.util.find_library("seccomp")
    if path is None:
        pytest.skip("libseccomp is not installed")
    resolve = ctypes.CDLL(path).seccomp_syscall_resolve_name_arch
    resolve.argtypes = (ctypes.c_uint32, ctypes.c_char_p)
    for machine, architecture in MACHINES.items():
        for name, number in read_facts().numbers[machine].items():
            found = resolve(architecture, name.encode())
            assert found in (number, -1) or found < -1, name  # negative: newer than the library


def test_what_is_not_asked_for_is_refused() -> None:
    profile = json.loads(engine_profile())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert profile["defaultErrnoRet"] == errno.EPERM
    assert all(machine["subArchitectures"] == [] for machine in profile["archMap"])


@pytest.mark.parametrize(
    "name",
    [
        *("ptrace", "process_vm_readv", "keyctl", "add_key", "request_key", "userfaultfd", "bpf"),
        *("perf_event_open", "io_uring_setup", "io_uring_enter", "mount", "umount2", "unshare"),
        *("setns", "pivot_root", "chroot", "reboot", "kexec_load", "init_module", "syslog"),
        *("clock_settime", "settimeofday", "open_by_handle_at", "name_to_handle_at", "quotactl"),
        *("socket", "socketpair", "clone", "clone3", "personality", "socketcall", "acct", "swapon"),
        *("fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr", "kcmp", "vhangup"),
    ],
)
def test_dangerous_calls_are_not_allowed_as_such(name: str) -> None:
    assert name not in allowed_names()


@pytest.mark.parametrize(
    "name", ["read", "mmap", "futex", "execve", "fork", "epoll_wait", "getrandom", "clock_gettime"]
)
def test_ordinary_calls_are_allowed(name: str) -> None:
    assert name in allowed_names()


def test_the_engine_is_told_the_narrowed_arguments() -> None:
    rules = json.loads(engine_profile())["syscalls"]
    families = [rule["args"][0]["value"] for rule in rules if rule["names"] == ["socket"]]
    assert families == [1, 2, 10, 16]
    (clone,) = [rule["args"][0] for rule in rules if rule["names"] == ["clone"]]
    assert clone == {"index": 0, "value": 0x7E020000, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    (refused,) = [rule for rule in rules if rule["action"] == "SCMP_ACT_ERRNO"]
    assert (refused["names"], refused["errnoRet"]) == (["clone3"], errno.ENOSYS)


@pytest.mark.parametrize(("machine", "architecture"), MACHINES.items())
def test_the_kernels_form_answers_every_call_as_the_rules_say(
    machine: str, architecture: int
) -> None:
    program = filter_program(machine)
    assert program is not None
    rules, table = read_rules(), read_facts().numbers[machine]
    names = {number: name for name, number in table.items()}
    for number in range(max(table.values()) + 20):
        name = names.get(number, "")
        expected = EPERM
        if number > max(table.values()) or name in rules.not_implemented:
            expected = ENOSYS
        elif name in rules.allowed:
            expected = ALLOW
        elif name in rules.narrowed:
            continue
        assert answer(program, architecture, number) == expected, (number, name)


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "argument", "expected"),
    [
        ("x86_64", 0x40000003, 0, 0, KILL),  # a 32-bit call
        ("aarch64", X86, 0, 0, KILL),
        ("x86_64", X86, 0x40000000, 0, ENOSYS),  # x32
        ("x86_64", X86, 0xFFFFFFFF, 0, ENOSYS),
        ("x86_64", X86, 56, 0x01200011, ALLOW),  # clone for a process
        ("x86_64", X86, 56, 0x003D0F00, ALLOW),  # clone for a thread
        *[("x86_64", X86, 56, 1 << bit, EPERM) for bit in (17, 25, 26, 27, 28, 29, 30)],
        *[("x86_64", X86, 41, family, ALLOW) for family in (1, 2, 10, 16)],
        *[
            ("x86_64", X86, 41, family, ALLOW if family in {1, 2, 10, 16} else EPERM)
            for family in range(60)
        ],
        ("x86_64", X86, 53, 1, ALLOW),  # socketpair
        ("x86_64", X86, 53, 2, EPERM),
        *[("x86_64", X86, 135, value, ALLOW) for value in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF)],
        ("x86_64", X86, 135, 0x40000, EPERM),  # no random addresses
        ("aarch64", ARM, 220, 0x10000000, EPERM),
        ("aarch64", ARM, 220, 0x01200011, ALLOW),
        ("aarch64", ARM, 198, 40, EPERM),
        ("aarch64", ARM, 198, 2, ALLOW),
    ],
)
def test_the_kernels_form_looks_at_arguments(
    machine: str, architecture: int, number: int, argument: int, expected: int
) -> None:
    program = filter_program(machine)
    assert program is not None
    assert len(program) % 8 == 0
    assert answer(program, architecture, number, argument) == expected


def test_unknown_machines_have_none() -> None:
    assert filter_program("riscv64") is None
