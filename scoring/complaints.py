"""Collects what is wrong with a file: the first few in the order of lines, the rest counted."""

from typing import Final

from scoring.cells import Fault
from scoring.errors import InvalidSubmission
from scoring.messages import Message
from scoring.types import IntArray

__all__ = ["Complaints"]

LIMIT: Final = 20


class Complaints:
    """Keeps at most 20 messages, however many faults a file has."""

    def __init__(self) -> None:
        self._kept: list[Message] = []
        self._fresh: list[Message] = []
        self._count = 0

    def add(self, message: Message) -> None:
        """Add a message of the chunk at hand."""
        self._count += 1
        if len(self._fresh) < LIMIT:
            self._fresh.append(message)

    def add_fault(self, fault: Fault, lines: IntArray) -> None:
        """Add the faulty cells of one column; `lines` are the chunk's lines."""
        self._count += len(fault.rows)
        for row in fault.rows[:LIMIT].tolist():
            message = fault.describe(row)
            self._fresh.append(
                Message(message.code, message.params, int(lines[row]), message.column)
            )

    def settle(self) -> None:
        """Close a chunk: its first messages by line join those of the chunks before."""
        room = LIMIT - len(self._kept)
        self._kept.extend(sorted(self._fresh, key=_line)[:room])
        self._fresh = []

    def raise_if_any(self, *, is_cut: bool = False) -> None:
        """Raise `InvalidSubmission` if there was anything to say; `is_cut` if not all was read."""
        self.settle()
        if not self._count:
            return
        messages = list(self._kept)
        more = self._count - len(messages)
        if more or is_cut:
            messages.append(Message("more_at_least" if is_cut else "more", {"count": more}))
        raise InvalidSubmission(*messages)


def _line(message: Message) -> int:
    return message.line or 0
