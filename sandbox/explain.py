"""Read in a program's log what ended it: its traceback, and its stack when a limit was near.

A log is whatever its program wished to print, so nothing found here is trusted: names and texts are
bounded, printable and only ever shown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox import policy
from sandbox.types import ProgramError

_LOOKED_AT = 128 << 10
_LONGEST_MESSAGE = 1000
_MESSAGE_LINES = 12
_LONGEST_NAME = 200
_LONGEST_PATH = 300
_LARGEST_LINE = 10_000_000

_HEADER = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\):$")
_FRAME = re.compile(
    r' {2}File "(?P<file>[^"\n]{1,600})", line (?P<line>\d{1,9})(?:, in (?P<in>.+))?$'
)
_ERROR = re.compile(r"(?P<type>[^\W\d][\w.]{0,200})(?:: ?(?P<message>.*))?$")
_CHAINED = (
    "The above exception was the direct cause of",
    "During handling of the above exception",
    "Exception ignored in",
    "Exception in thread",
)
_FATAL = "Fatal Python error:"
_IGNORED = "Exception ignored in"
_GROUP_MARGIN = re.compile(r"^ +[|+] ")

_STACK = re.compile(r"(?:Stack|Current thread 0x[0-9a-f]+[^\n]{0,80}) \(most recent call first\):$")
_STACK_FRAME = re.compile(
    r'  File "(?P<file>[^"\n]{1,600})", line (?P<line>\d{1,9}) in (?P<in>.{1,600})$'
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|x([0-9a-f]{2}))")


@dataclass(frozen=True, slots=True)
class _Frame:
    file: str
    line: int
    function: str


def find_error(log: str) -> ProgramError | None:
    """Return the last exception a log tells of, located in the submission's own code.

    The innermost frame under /code is taken; without one `file` is empty and `line` 0. Of chained
    exceptions the last is the one nobody caught. What the interpreter ignored (an error in a
    destructor) counts only when there is nothing else.
    """
    lines = [_GROUP_MARGIN.sub("", line, count=1) for line in log[-_LOOKED_AT:].split("\n")]
    found: ProgramError | None = None
    for start in reversed(_starts(lines)):
        error = _read_traceback(lines, start)
        if error is None:
            continue
        if not (start and lines[start - 1].startswith(_IGNORED)):
            return error
        found = found or error
    return found or _find_crash(lines)


def _find_crash(lines: Sequence[str]) -> ProgramError | None:
    """Return what the fault handler wrote when a signal ended the interpreter."""
    for start in range(len(lines) - 1, -1, -1):
        if lines[start].startswith(_FATAL):
            message = _name(lines[start].removeprefix(_FATAL).strip())
            stacks = (n for n in range(start, min(start + 4, len(lines))) if _STACK.match(lines[n]))
            place = next((_read_stack(lines, number + 1) for number in stacks), None)
            frame = place or _Frame("", 0, "")
            return ProgramError(_FATAL[:-1], message, frame.file, frame.line, frame.function)
    return None


def find_stack(log: str) -> str:
    """Return where a program stood at its last stack dump: "predict() in model.py, line 31".

    Empty where no dump shows a frame of the submission's code.
    """
    lines = log[-_LOOKED_AT:].split("\n")
    for start in range(len(lines) - 1, -1, -1):
        frame = _read_stack(lines, start + 1) if _STACK.match(lines[start]) else None
        if frame is not None:
            place = f"{frame.file}, line {frame.line}"
            return place if frame.function == "<module>" else f"{frame.function}() in {place}"
    return ""


def _starts(lines: Sequence[str]) -> list[int]:
    """Return where tracebacks begin: at their header, or at the one frame.

    A main file that does not compile has no header.
    """
    starts = []
    for number, line in enumerate(lines):
        if _HEADER.match(line):
            starts.append(number)
        elif (frame := _FRAME.match(line)) and frame["in"] is None:
            before = lines[number - 1] if number else ""
            if not (_HEADER.match(before) or before.startswith("    ") or _FRAME.match(before)):
                starts.append(number)
    return starts


def _read_traceback(lines: Sequence[str], start: int) -> ProgramError | None:
    own: _Frame | None = None
    position = start + 1 if _HEADER.match(lines[start]) else start
    while position < len(lines) and lines[position].startswith("  "):
        frame = _FRAME.match(lines[position])
        if frame is not None:
            file = _own_file(frame["file"])
            if file:
                own = _Frame(file, _bounded(frame["line"]), _name(frame["in"] or ""))
        position += 1
    if position == start or position >= len(lines):
        return None
    said = _ERROR.match(lines[position])
    if said is None:
        return None
    message = _message(said["message"] or "", lines[position + 1 :])
    place = own or _Frame("", 0, "")
    return ProgramError(said["type"], message, place.file, place.line, place.function)


def _message(first: str, rest: Sequence[str]) -> str:
    """Return an exception's text with the lines that may belong to it: its last words."""
    kept = [first]
    for line in rest[: _MESSAGE_LINES - 1]:
        if line.startswith(_CHAINED) or _HEADER.match(line) or _STACK.match(line):
            break
        kept.append(line)
    return "\n".join(kept).strip()[:_LONGEST_MESSAGE]


def _read_stack(lines: Sequence[str], position: int) -> _Frame | None:
    """Return the innermost own frame of a stack dump."""
    while position < len(lines) and (frame := _STACK_FRAME.match(lines[position])):
        file = _own_file(_unescaped(frame["file"]))
        if file:
            return _Frame(file, _bounded(frame["line"]), _name(_unescaped(frame["in"])))
        position += 1
    return None


def _own_file(path: str) -> str:
    """Return a path relative to /code, or "" for what is not a plain file of the submission."""
    relative = path.removeprefix(f"{policy.CODE_DIR}/")
    parts = relative.split("/")
    plain = relative.isprintable() and not {"", ".", ".."}.intersection(parts)
    if not plain or relative.startswith("<") or len(relative) > _LONGEST_PATH:
        return ""
    return relative


def _name(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:_LONGEST_NAME]


def _bounded(digits: str) -> int:
    return min(int(digits), _LARGEST_LINE)


def _unescaped(text: str) -> str:
    """Undo what the dumper, which can only write ASCII, did to other characters."""

    def character(found: re.Match[str]) -> str:
        code = int(found[1] or found[2] or found[3], 16)
        return chr(code) if code <= _LAST_CHARACTER and not _is_surrogate(code) else found[0]

    return _ESCAPE.sub(character, text)


_LAST_CHARACTER = 0x10FFFF


def _is_surrogate(code: int) -> bool:
    return 0xD800 <= code <= 0xDFFF  # noqa: PLR2004  the range as Unicode writes it
