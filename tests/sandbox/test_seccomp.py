"""Every system call of the kernel's table, made inside a real run: refused where our rules say so.

gVisor is not here: it answers system calls itself, and the engine's filter does not reach it.
"""

import ctypes
import ctypes.util
import json
import platform
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.seccomp import read_facts, read_rules
from sandbox.types import Run, Sandbox
from tests.sandbox.conftest import BUBBLEWRAP, DOCKER

pytestmark = pytest.mark.parametrize("backend", [DOCKER, BUBBLEWRAP], indirect=True)

WALKER = Path(__file__).parent / "walk_syscalls.py"
MARK = "answers: "
REFUSED = {"EPERM", "ENOSYS"}
KERNELS_OWN_REFUSALS = {
    "futex": "-1 is no operation",
    "setgroups": "needs a capability, whatever the list",
    "mknod": "a device needs a capability",
    "mknodat": "a device needs a capability",
}
"""Allowed by the filter, and refused with the same error by the kernel itself."""

PAST_THE_FILTER = {"uprobe", "uretprobe"}
"""Kernels from 6.14 on let these through, to a check of their own: tracing makes these calls."""

NARROWED = {
    **{f"socket {family}": ("socket", family) for family in range(48)},
    **{f"socketpair {family}": ("socketpair", family) for family in range(1, 18)},
    **{
        f"clone {flag:#x}": ("clone", flag)
        for flag in (0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
    },
    "clone 0x20000": ("clone", 0x20000),
    **{
        f"personality {value:#x}": ("personality", value)
        for value in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF, 0x40000, 0x100000, 0x400000)
    },
}
"""What each argument stands for; `is_refused` says what the rules make of it."""


def is_refused(name: str, argument: int) -> bool:
    (rule,) = [each for each in read_rules().narrowings if each.name == name]
    if rule.without:
        return bool(argument & rule.without)
    return argument not in rule.equals


def walk(sandbox: Sandbox, run: Run, rows: list[tuple[str, int, int]]) -> dict[str, str]:
    shutil.copy(WALKER, run.code / "main.py")
    (run.code / "calls.json").write_text(json.dumps(rows))
    result = sandbox.execute(replace(run, limits=replace(run.limits, wall_s=120.0)))
    assert result.verdict is None, (result.message, result.log[-2000:])
    # a child that dies of its call may print its stack as well
    _, mark, answers = result.log.partition(MARK)
    assert mark, result.log[-2000:]
    found, _end = json.JSONDecoder().raw_decode(answers)
    assert set(found) == {label for label, _, _ in rows}
    return {str(label): str(said) for label, said in found.items()}


def known_to_the_engines_library(name: str, backend: str) -> bool:
    """The engine's filter is compiled by libseccomp, which leaves out what is newer than it."""
    path = ctypes.util.find_library("seccomp")
    if backend == "bubblewrap" or path is None:
        return True
    return int(ctypes.CDLL(path).seccomp_syscall_resolve_name(name.encode())) != -1


def test_every_call_is_answered_as_the_rules_say(sandbox: Sandbox, run: Run, backend: str) -> None:
    rules, table = read_rules(), read_facts().numbers[platform.machine()]
    names = sorted(set(table) - rules.narrowed)
    found = walk(sandbox, run, [(name, table[name], -1) for name in names])
    denied = (rules.denied & table.keys()) - PAST_THE_FILTER
    assert {name for name in denied if found[name] not in REFUSED} == set()
    not_there = {
        name
        for name in rules.allowed & table.keys()
        if found[name] in REFUSED
        and name not in KERNELS_OWN_REFUSALS
        and known_to_the_engines_library(name, backend)
    }
    # what a kernel lacks answers like what is refused: only the newest may be missing
    assert {name for name in not_there if table[name] < 424} == set()
    assert {found[name] for name in not_there} <= {"ENOSYS"}
    assert {found[name] for name in rules.not_implemented} == {"ENOSYS"}


def test_narrowed_calls_look_at_their_argument(sandbox: Sandbox, run: Run) -> None:
    table = read_facts().numbers[platform.machine()]
    rows = [(label, table[name], argument) for label, (name, argument) in NARROWED.items()]
    found = walk(sandbox, run, rows)
    for label, (name, argument) in NARROWED.items():
        assert (found[label] == "EPERM") == is_refused(name, argument), (label, found[label])


def test_calls_beyond_the_table_do_not_exist(sandbox: Sandbox, run: Run) -> None:
    """A call newer than we know must look like an old kernel's; x32 doubles every call."""
    beyond = max(read_facts().numbers[platform.machine()].values())
    rows = [("newer", beyond + 5, -1), ("far", 5000, -1), ("x32 getpid", 0x40000000 + 39, -1)]
    found = walk(sandbox, run, rows)
    assert found["newer"] == found["far"] == "ENOSYS"
    assert found["x32 getpid"] in {"ENOSYS", "ended"}  # the engine's filter ends the caller
