"""What a program prints, made safe to keep and to show: bounded, valid UTF-8, no control codes."""

import contextlib
import os
import re
import threading
import weakref
from collections import deque
from pathlib import Path

from sandbox.encodings import Decoder
from sandbox.types import Limits, LogSink

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS and their kin: titles, links
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)$")
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks reorder what a reader sees
    "\u2028\u2029\ufeff\ufff9-\ufffb]"
)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_LONGEST_SEQUENCE = 4096
_ERRORS_KEPT = 128 << 10


class LogCleaner:
    """Turn raw output into text piece by piece; characters and sequences may be cut anywhere."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._held = ""

    def feed(self, chunk: bytes, *, final: bool = False) -> str:
        """Return the text that `chunk` completes: line feeds only, no control sequences."""
        text = self._held + self._decoder.feed(chunk, final=final)
        self._held = ""
        if not final:
            text = self._hold_back(text)
        # lines first: what a sequence stood between would become one line end only when not cut
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return _CONTROLS.sub("", _SEQUENCE.sub("", text))

    def _hold_back(self, text: str) -> str:
        unfinished = _UNFINISHED.search(text[-_LONGEST_SEQUENCE:])
        if unfinished is not None:
            start = max(0, len(text) - _LONGEST_SEQUENCE) + unfinished.start()
        elif text.endswith("\r"):
            start = len(text) - 1
        else:
            return text
        self._held = text[start:]
        return text[:start]


def clean_log(raw: bytes) -> str:
    """Return `raw` as repaired UTF-8 without control sequences."""
    return LogCleaner().feed(raw, final=True)


class LogCapture:
    """Keep the head and the tail of what a program prints, and know when it prints too much.

    With `file` all of it is kept there as well, raw, up to the size at which the run is killed.
    `feed` is called from the draining thread, everything else from anywhere.
    """

    def __init__(
        self, limits: Limits, sink: LogSink | None = None, file: Path | None = None
    ) -> None:
        self._half = max(1, limits.log_bytes // 2)
        self._kill_above = limits.log_kill_bytes
        self._sink = sink
        self._file = file
        self._descriptor: int | None = None
        self._closer: weakref.finalize[[int], LogCapture] | None = None
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._errors = bytearray()
        self._lock = threading.Lock()
        self.total = 0
        self.flooded = threading.Event()

    def feed(self, chunk: bytes, *, is_error: bool = False) -> None:
        """Take one chunk; never blocks, never raises because of the sink.

        `is_error` where the chunk is known to come from the program's error stream.
        """
        with self._lock:
            room = self._kill_above - self.total
            self.total += len(chunk)
            self._keep(chunk)
            if is_error:
                self._errors += chunk
                del self._errors[: max(0, len(self._errors) - _ERRORS_KEPT)]
            if self._file is not None and room > 0:
                self._write(chunk[:room])
        if self.total > self._kill_above:
            self.flooded.set()
        elif self._sink is not None:
            with contextlib.suppress(Exception):
                self._sink(chunk)

    def _keep(self, chunk: bytes) -> None:
        room = self._half - len(self._head)
        self._head += chunk[:room]
        rest = chunk[room:] if room > 0 else chunk
        if rest:
            self._tail.append(rest)
            self._tail_bytes += len(rest)
        while self._tail_bytes - len(self._tail[0] if self._tail else b"") >= self._half:
            self._tail_bytes -= len(self._tail.popleft())

    def _write(self, chunk: bytes) -> None:
        """Append to the file; a disk that is full costs the file, never the run."""
        try:
            if self._descriptor is None and self._file is not None:
                self._descriptor = os.open(self._file, _NEW_FILE, 0o600)
                # a run that fails half-way closes nothing: then it ends with this object
                self._closer = weakref.finalize(self, os.close, self._descriptor)
            while chunk and self._descriptor is not None:
                chunk = chunk[os.write(self._descriptor, chunk) :]
        except OSError:
            self._file = None

    def close(self) -> None:
        """Write no more into the file; what still comes is only counted."""
        with self._lock:
            self._file = None
            self._descriptor = None
            if self._closer is not None:
                self._closer()

    def errors(self) -> str:
        """Return the last of the error stream alone, as clean text; "" where nothing is known.

        Two streams reach the log in an order of their own: what the program printed before its
        traceback may stand behind it there, and would read as part of the exception's text.
        """
        with self._lock:
            return clean_log(bytes(self._errors))

    def text(self) -> tuple[str, bool]:
        """Return the log as clean text, and whether its middle was left out."""
        with self._lock:
            head, tail = bytes(self._head), b"".join(self._tail)[-self._half :]
            left_out = self.total - len(head) - len(tail)
        if left_out <= 0:
            return clean_log(head + tail), False
        gap = f"\n[... {left_out} bytes left out ...]\n"
        return clean_log(head) + gap + clean_log(tail), True
