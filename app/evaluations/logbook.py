"""The log of a run as people read it: written in pieces while it runs, bounded, always text."""

import threading
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import after_commit
from app.evaluations.models import FINISHED, Evaluation, LogChunk
from sandbox import RunResult
from sandbox.logs import LogCleaner

HEAD_BYTES: Final = 512 << 10
TAIL_BYTES: Final = 64 << 10
READ_BYTES: Final = 256 << 10
_LARGEST_OFFSET: Final = 1 << 40


class Logbook:
    """Takes raw output from the run's drain thread and stores clean text in pieces.

    The first `HEAD_BYTES` are stored as they come; of the rest the run's own tail is added at the
    end. The pieces of one attempt join up without gaps: `start` counts UTF-8 bytes.
    """

    def __init__(self, evaluation_id: int, attempt: int) -> None:
        self._evaluation_id = evaluation_id
        self._attempt = attempt
        self._cleaner = LogCleaner()
        self._lock = threading.Lock()
        self._pending: list[str] = []
        self._taken = 0
        self._written = 0
        self._full = False

    def __call__(self, chunk: bytes) -> None:
        """Take raw output; never blocks on the database."""
        with self._lock:
            if self._full:
                return
            room = HEAD_BYTES - self._taken
            self._taken += len(chunk)
            self._full = self._taken > HEAD_BYTES
            self._pending.append(self._cleaner.feed(chunk[:room]))

    @property
    def is_waiting(self) -> bool:
        """Whether there is text that has not been stored."""
        with self._lock:
            return any(self._pending)

    def flush(self, session: Session) -> None:
        """Store what has come since the last commit; a transaction that fails loses nothing."""
        with self._lock:
            count = len(self._pending)
            text = "".join(self._pending)
        size = self._store(session, text, self._written)
        after_commit(session, lambda: self._forget(count, size))

    def close(self, session: Session, result: RunResult | None) -> None:
        """Store the rest, and the tail of a log whose middle was left out.

        To be called once the run is over; a second call stores the same again.
        """
        with self._lock:
            text = "".join(self._pending) + self._cleaner.feed(b"", final=True)
            if self._full and result is not None:
                tail = result.log.encode()[-TAIL_BYTES:].decode(errors="ignore")
                text += f"\n[…]\n{tail}"
        self._store(session, text, self._written)

    def _forget(self, count: int, size: int) -> None:
        with self._lock:
            del self._pending[:count]
        self._written += size

    def _store(self, session: Session, text: str, start: int) -> int:
        """Add a piece; return its size in bytes."""
        text = text.replace("\x00", "")
        size = len(text.encode())
        if text:
            session.add(
                LogChunk(
                    evaluation_id=self._evaluation_id,
                    attempt=self._attempt,
                    start=start,
                    size=size,
                    text=text,
                )
            )
        return size


@dataclass(frozen=True, slots=True)
class LogPiece:
    """A part of a log; ask again from `next_offset` until `done`.

    Offsets are those of one `attempt`: when a run had to be begun again, its log begins at 0 again.
    """

    text: str
    next_offset: int
    done: bool
    attempt: int


def read_log(session: Session, evaluation: Evaluation, offset: int) -> LogPiece:
    """Return the log of the last attempt from a byte offset on, a bounded piece at a time.

    An offset inside a character begins at the next one.
    """
    offset = min(max(0, offset), _LARGEST_OFFSET)
    source = evaluation
    if evaluation.reuses_id is not None:
        source = session.get_one(Evaluation, evaluation.reuses_id)
    chunks = session.scalars(
        select(LogChunk)
        .where(
            LogChunk.evaluation_id == source.id,
            LogChunk.attempt == source.attempt,
            LogChunk.start + LogChunk.size > offset,
        )
        .order_by(LogChunk.start)
    )
    raw, position = b"", offset
    for chunk in chunks:
        part = chunk.text.encode()[max(0, position - chunk.start) :]
        raw += part
        position = chunk.start + chunk.size
        if len(raw) >= READ_BYTES:
            break
    else:
        return LogPiece(_text(raw), position, evaluation.state in FINISHED, evaluation.attempt)
    cut = _cut(raw, READ_BYTES)
    rest = position - (len(raw) - cut)
    return LogPiece(_text(raw[:cut]), rest, done=False, attempt=evaluation.attempt)


def _text(raw: bytes) -> str:
    """Decode, leaving out the half of a character that an odd offset cut."""
    return raw.decode("utf-8", errors="ignore")


def _cut(raw: bytes, limit: int) -> int:
    """Return the last character boundary at or before `limit`."""
    while limit > 0 and limit < len(raw) and raw[limit] & 0xC0 == 0x80:  # noqa: PLR2004 — UTF-8's continuation mark
        limit -= 1
    return limit
