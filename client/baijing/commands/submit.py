"""`baijing submit`: hand in a file or a folder of code, and follow it to its score."""

import io
import os
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlencode

from baijing.commands.lists import show_scores
from baijing.console import Console
from baijing.errors import Exit, LocalError, RefusedError, UnreachableError, UsageError
from baijing.pieces import AT_ONCE, Pieces
from baijing.shapes import LOG, SUBMISSION
from baijing.site import Json, Site, join

ENDED: Final = frozenset({"scored", "failed", "cancelled"})
LEFT_OUT: Final = frozenset({"__pycache__", ".git", ".venv", "node_modules"})
TRIES: Final = 4
GONE: Final = frozenset({"invalid_upload", "kind_not_accepted", "too_large"})
"""What a site says of an upload that it has thrown away."""
PAUSE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is handed in for which problem."""

    problem: str
    path: Path
    kind: str
    note: str = ""
    board: str = "A"


def run(
    site: Site,
    console: Console,
    delivery: Delivery,
    environment: Mapping[str, str],
    *,
    wait: bool,
) -> Exit:
    """Hand in; with `wait` print the log as it grows and end with the score.

    Returns:
        FAILED where it was waited for and did not end as scored.

    Raises:
        ClientError: it was refused or cannot be sent.
    """
    submission = hand_in(site, console, delivery, environment)
    if wait:
        submission = follow(site, console, submission)
    console.answer(submission, describe(submission))
    return Exit.OK if not wait or submission["state"] == "scored" else Exit.FAILED


def hand_in(
    site: Site, console: Console, delivery: Delivery, environment: Mapping[str, str]
) -> Json:
    """Send the file; a large one goes on where it broke off, and none is handed in twice."""
    with open_file(delivery) as (name, file):
        if file.seek(0, os.SEEK_END) > AT_ONCE:
            pieces = Pieces(site, console, environment, delivery.problem)
            return _hand_in_pieces(site, pieces, pieces.send(file, name, delivery.kind), delivery)
        return _hand_in_at_once(site, console, delivery, (name, file))


def _hand_in_pieces(site: Site, pieces: Pieces, path: str, delivery: Delivery) -> Json:
    """Hand in what has arrived; a repeat answers the first result."""
    form = urlencode({"note": delivery.note, "board": delivery.board}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(form)),
    }
    for attempt in range(1, TRIES + 1):
        try:
            told = site.send(f"{path}/submission", io.BytesIO(form), headers, SUBMISSION)
        except UnreachableError:
            if attempt == TRIES:
                raise
            site.sleep(PAUSE_S * attempt)
        except RefusedError as error:
            if error.code in GONE:
                pieces.forget(path)
            raise
        else:
            pieces.forget(path)
            return told
    raise AssertionError


def _hand_in_at_once(
    site: Site, console: Console, delivery: Delivery, source: tuple[str, IO[bytes]]
) -> Json:
    """Send the file; a broken connection sends it again under the same key."""
    name, file = source
    headers = {"Idempotency-Key": secrets.token_hex(16)}
    fields = [("kind", delivery.kind), ("note", delivery.note), ("board", delivery.board)]
    path = join("problems", delivery.problem, "submissions")
    for attempt in range(1, TRIES + 1):
        form = Form(fields, name, file, console)
        try:
            return site.send(path, form, {**headers, **form.headers}, SUBMISSION)
        except UnreachableError:
            if attempt == TRIES:
                raise
            site.sleep(PAUSE_S * attempt)
    raise AssertionError


def follow(site: Site, console: Console, submission: Json) -> Json:
    """Show state and log until the submission has ended; return how it stands then."""
    path = join("submissions", str(submission["id"]))
    offset = attempt = 0
    state = ""
    while True:
        submission = site.read(path, SUBMISSION)
        if submission["state"] != state:
            state = str(submission["state"])
            params = {"id": submission["id"], "state": state}
            console.tell("Submission %(id)s: %(state)s", params)
        if submission["kind"] == "code":
            offset, attempt = _show_log(site, console, path, (offset, attempt))
        if state in ENDED:
            return submission
        site.sleep(PAUSE_S)


def _show_log(site: Site, console: Console, path: str, place: tuple[int, int]) -> tuple[int, int]:
    """Print what the log has gained since a place in it; return the new place."""
    offset, attempt = place
    while True:
        piece = site.read(f"{path}/log", LOG, {"offset": offset})
        if attempt and piece["attempt"] != attempt:  # begun again on another worker
            offset, attempt = 0, int(piece["attempt"])
            continue
        attempt = int(piece["attempt"])
        console.write(piece["text"])
        if piece["next_offset"] <= offset:
            return offset, attempt
        offset = int(piece["next_offset"])


def describe(submission: Json) -> str:
    """Return what the person wants to know about a submission."""
    lines = [f"{submission['id']}  {submission['state']}  {submission['verdict'] or ''}".rstrip()]
    if submission["scores"]:
        lines.append(show_scores(submission["scores"]))
    lines += [str(one["message"]) for one in submission["messages"]]
    return "\n".join(lines)


def guess_kind(path: Path, asked: str | None) -> str:
    """Return `code` or `predictions`.

    Raises:
        UsageError: a zip may be either.
    """
    if asked is not None:
        return asked
    if path.is_dir() or path.suffix == ".py":
        return "code"
    if path.suffix == ".zip":
        msg = "Say whether this is code or predictions: --kind."
        raise UsageError(msg)
    return "predictions"


@contextmanager
def open_file(delivery: Delivery) -> Iterator[tuple[str, IO[bytes]]]:
    """Open what is sent: a file as it is, a folder of code or a lone program as a zip made of it.

    Raises:
        LocalError: it cannot be read.
    """
    path = delivery.path
    try:
        if path.is_dir():
            with tempfile.TemporaryFile() as packed:
                pack(path, packed)
                yield f"{path.resolve().name or 'code'}.zip", packed
        elif delivery.kind == "code" and path.suffix == ".py":
            with tempfile.TemporaryFile() as packed:
                pack_program(path, packed)
                yield f"{path.stem}.zip", packed
        else:
            with path.open("rb") as file:
                yield path.name, file
    except OSError as error:
        params = {"path": path, "reason": error.strerror or error}
        msg = "%(path)s: cannot be read or written (%(reason)s)."
        raise LocalError(msg, params) from error


def pack_program(program: Path, target: IO[bytes]) -> None:
    """Write one program as a zip that starts it: under whatever name it has here."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, program, "main.py")


def pack(folder: Path, target: IO[bytes]) -> None:
    """Write the plain files below a folder as a zip; the same files give the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if not path.is_file() or path.is_symlink() or LEFT_OUT & set(inside.parts):
                continue
            _add(archive, path, inside.as_posix())


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as written:
        shutil.copyfileobj(source, written)


class Form:
    """A multipart form read as it is sent, so that a file of gigabytes is never in memory."""

    def __init__(
        self, fields: Sequence[tuple[str, str]], name: str, file: IO[bytes], console: Console
    ) -> None:
        """Read the file from its beginning; `headers` say type and length of the whole."""
        mark = secrets.token_hex(16)
        texts = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'
            for key, text in fields
        )
        plain = "".join(one for one in name if one.isprintable() and one not in '"\\') or "file"
        texts += (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._total = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._file, self._name, self._console = file, name, console
        self._parts: list[IO[bytes]] = [
            io.BytesIO(texts.encode()),
            file,
            io.BytesIO(f"\r\n--{mark}--\r\n".encode()),
        ]
        length = len(texts.encode()) + self._total + len(mark) + 8
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={mark}",
            "Content-Length": str(length),
        }

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none at the end."""
        while self._parts:
            if piece := self._parts[0].read(size):
                self._console.progress(self._name, self._file.tell(), self._total)
                return piece
            self._parts.pop(0)
        return b""
