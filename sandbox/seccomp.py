"""Which system calls a run may make: one set of rules, for the engine and for bubblewrap alike.

`seccomp.json` are our rules: every call of the kernel's table, allowed, narrowed by an argument or
denied, each with its reason. `seccomp_facts.json` is written by `tools/seccomp_profile.py`: what
the engine's default profile allows, and the calls' numbers. What a run gets is the engine's default
without what we deny; the engine takes it as JSON, bubblewrap as a program for the kernel's filter.
gVisor answers system calls itself, in user space, and is given neither.
"""

import errno
import json
import platform
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RULES = Path(__file__).parent / "seccomp.json"
FACTS = Path(__file__).parent / "seccomp_facts.json"

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ARGUMENT_BYTES = 8
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's names for the machines (linux/audit.h); both keep an argument's low half first."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One call allowed only with certain values of one argument (its lower 32 bits).

    Either `equals` lists them, or `without` are the bits that must not be set.
    """

    name: str
    argument: int
    equals: tuple[int, ...]
    without: int
    why: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Our rules: the names in each part, and which of the denied are answered ENOSYS."""

    allowed: frozenset[str]
    denied: frozenset[str]
    narrowings: tuple[Narrowing, ...]
    not_implemented: frozenset[str]

    @property
    def narrowed(self) -> frozenset[str]:
        """Return the names of the calls that depend on an argument."""
        return frozenset(each.name for each in self.narrowings)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the world says: the engine's default and the kernel's numbers."""

    engine_version: str
    engine_allows: frozenset[str]
    numbers: dict[str, dict[str, int]]


@cache
def read_rules() -> Rules:
    """Return `seccomp.json`."""
    document = json.loads(RULES.read_text(encoding="utf-8"))
    return Rules(
        allowed=frozenset(name for group in document["allow"] for name in group["names"]),
        denied=frozenset(name for group in document["deny"] for name in group["names"]),
        narrowings=tuple(
            Narrowing(
                each["name"],
                each["argument"],
                tuple(each.get("equals", ())),
                each.get("without", 0),
                each["why"],
            )
            for each in document["narrow"]
        ),
        not_implemented=frozenset(document["not_implemented"]),
    )


@cache
def read_facts() -> Facts:
    """Return `seccomp_facts.json`."""
    document = json.loads(FACTS.read_text(encoding="utf-8"))
    default = document["engine_default"]
    return Facts(
        engine_version=default["version"],
        engine_allows=frozenset(default["allows"]) | frozenset(default["allows_by_arguments"]),
        numbers=document["table"]["numbers"],
    )


def allowed_names() -> frozenset[str]:
    """Return the calls allowed whatever their arguments: the engine's default without ours."""
    rules = read_rules()
    return read_facts().engine_allows - rules.denied - rules.narrowed


@cache
def engine_profile() -> str:
    """Return the filter as the JSON the engine takes; what is not on it fails with EPERM.

    Only native system calls: the 32-bit entry's socketcall would slip past the socket rule.
    """
    rules: list[dict[str, object]] = [
        {"names": sorted(allowed_names()), "action": "SCMP_ACT_ALLOW"}
    ]
    for each in read_rules().narrowings:
        rules += [_equal(each, value) for value in each.equals]
        if each.without:
            rules.append(_masked(each))
    rules.append(
        {
            "names": sorted(read_rules().not_implemented),
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": errno.ENOSYS,
        }
    )
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": errno.EPERM,
            "archMap": [
                {"architecture": f"SCMP_ARCH_{machine.upper()}", "subArchitectures": []}
                for machine in _AUDIT
            ],
            "syscalls": rules,
        }
    )


def _equal(each: Narrowing, value: int) -> dict[str, object]:
    argument = {"index": each.argument, "value": value, "op": "SCMP_CMP_EQ"}
    return {"names": [each.name], "action": "SCMP_ACT_ALLOW", "args": [argument]}


def _masked(each: Narrowing) -> dict[str, object]:
    argument = {
        "index": each.argument,
        "value": each.without,
        "valueTwo": 0,
        "op": "SCMP_CMP_MASKED_EQ",
    }
    return {"names": [each.name], "action": "SCMP_ACT_ALLOW", "args": [argument]}


def filter_program(machine: str | None = None) -> bytes | None:
    """Return the filter as the kernel runs it, for bubblewrap, which compiles none itself.

    None where this kind of machine's numbers are not in the facts.
    """
    machine = machine or platform.machine()
    return _compile(machine) if machine in _AUDIT else None


@cache
def _compile(machine: str) -> bytes:
    numbers = read_facts().numbers[machine]
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, _AUDIT[machine], 1, 0),
        _step(_RETURN, _KILL),  # another architecture's calls have other numbers
        _step(_LOAD, _NUMBER),
        # beyond the table: x32's doubles of everything, and calls newer than we know
        *_refuse(_AT_LEAST, max(numbers.values()) + 1, _ERRNO | errno.ENOSYS),
    ]
    rules = read_rules()
    for name in sorted(rules.not_implemented & numbers.keys()):
        program += _refuse(_EQUAL, numbers[name], _ERRNO | errno.ENOSYS)
    for each in rules.narrowings:
        if each.name in numbers:
            block = _check(each)
            program += [_step(_EQUAL, numbers[each.name], 0, len(block)), *block]
    *higher, (_, lowest) = _boundaries({numbers[each] for each in allowed_names() & numbers.keys()})
    for start, answer in higher:
        program += _refuse(_AT_LEAST, start, answer)
    return b"".join([*program, _step(_RETURN, lowest)])


def _check(each: Narrowing) -> list[bytes]:
    """Return the steps that look at one argument and answer."""
    refused = _step(_RETURN, _ERRNO | errno.EPERM)
    steps = [_step(_LOAD, _ARGUMENTS + _ARGUMENT_BYTES * each.argument)]
    for value in each.equals:
        steps += _refuse(_EQUAL, value, _ALLOW)
    if each.without:
        return [*steps, _step(_ANY_BIT, each.without, 0, 1), refused, _step(_RETURN, _ALLOW)]
    return [*steps, refused]


def _boundaries(allowed: set[int]) -> list[tuple[int, int]]:
    """Return where the answer changes along the numbers, from the highest start down to 0."""
    found: list[tuple[int, int]] = []
    for number in range(max(allowed) + 2):
        answer = _ALLOW if number in allowed else _ERRNO | errno.EPERM
        if not found or found[-1][1] != answer:
            found.append((number, answer))
    return found[::-1]


def _refuse(test: int, operand: int, answer: int) -> list[bytes]:
    """Two steps: end with `answer` when the test holds, else go on."""
    return [_step(test, operand, 0, 1), _step(_RETURN, answer)]


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)
