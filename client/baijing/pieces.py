"""Large files in pieces, by tus 1.0: what broke off goes on where it was, in another call too."""

import hashlib
import io
import json
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from baijing.console import Console
from baijing.errors import ClientError, MissingError, RefusedError, UnreachableError
from baijing.kept import cache_folder
from baijing.site import Site, join

AT_ONCE: Final = 8 << 20
"""Bytes: smaller files are sent in one request."""
PIECE: Final = 8 << 20
TRIES: Final = 8
PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 30.0
KEPT: Final = "uploads.json"
_VERSION: Final = {"Tus-Resumable": "1.0.0"}


class Pieces:
    """One file on its way to one problem of a site."""

    def __init__(
        self, site: Site, console: Console, environment: Mapping[str, str], problem: str
    ) -> None:
        """Remember unfinished uploads in the cache; without one a new call begins anew."""
        self._site, self._console, self._problem = site, console, problem
        self._file = cache_folder(environment) / KEPT

    def send(self, file: IO[bytes], name: str, kind: str) -> str:
        """Bring the file to the site; return the path of the upload, which is complete then.

        Raises:
            ClientError: the site refuses it, or does not answer for long.
        """
        size = file.seek(0, io.SEEK_END)
        mark = self._mark(file, kind)
        path = self._read().get(mark, "")
        offset = None if not path else self._offset(path)
        if offset is None:
            path, offset = self._begin(name, kind, size), 0
            self._keep(mark, path)
        elif offset:
            self._console.tell("The upload goes on where it broke off.")
        try:
            self._send_rest(path, file, name, (offset, size))
        except (RefusedError, MissingError):
            self._keep(mark, "")
            raise
        return path

    def forget(self, path: str) -> None:
        """Let go of an upload that is handed in, or refused."""
        self._write({mark: at for mark, at in self._read().items() if at != path})

    def _send_rest(self, path: str, file: IO[bytes], name: str, place: tuple[int, int]) -> None:
        offset, size = place
        failures = 0
        while offset < size:
            self._console.progress(name, offset, size)
            file.seek(offset)
            try:
                offset = self.send_piece(path, offset, file.read(PIECE))
                failures = 0
            except ClientError as error:
                failures += 1
                is_passing = isinstance(error, UnreachableError) or error.code in {
                    "offset_mismatch",
                    "rate_limit",
                }
                if not is_passing or failures == TRIES:
                    raise
                self._site.sleep(min(PAUSE_S * failures, LONGEST_PAUSE_S))
                known = self._offset(path)
                offset = offset if known is None else known
        self._console.progress(name, size, size)

    def _begin(self, name: str, kind: str, size: int) -> str:
        told = {"kind": kind, "filename": name}
        metadata = ",".join(f"{key} {_base64(text.encode())}" for key, text in told.items())
        headers = {**_VERSION, "Upload-Length": str(size), "Upload-Metadata": metadata}
        path = join("problems", self._problem, "uploads")
        with self._site.open(path, headers, io.BytesIO(), "POST") as answer:
            place = answer.headers.get("Location", "")
        prefix = "/api/v1"
        if not place.startswith(f"{prefix}/uploads/"):
            text = "The answer of the site makes no sense: %(place)s is missing or of another kind."
            raise UnreachableError(text, {"place": "Location"})
        return place.removeprefix(prefix)

    def _offset(self, path: str) -> int | None:
        """Return how many bytes are there; None where the upload is unknown or nobody answers."""
        try:
            with self._site.open(path, _VERSION, method="HEAD") as answer:
                return int(answer.headers.get("Upload-Offset", ""))
        except (MissingError, UnreachableError, ValueError):
            return None

    def send_piece(self, path: str, offset: int, piece: bytes) -> int:
        """Send what begins at an offset; return where the file ends then."""
        headers = {
            **_VERSION,
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {_base64(hashlib.sha256(piece).digest())}",
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(piece)),
        }
        with self._site.open(path, headers, io.BytesIO(piece), "PATCH"):
            return offset + len(piece)

    def _mark(self, file: IO[bytes], kind: str) -> str:
        """Return what the same file, for the same problem of the same site, is known by."""
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        return f"{self._site.account.address} {self._problem} {kind} {digest}"

    def _read(self) -> dict[str, str]:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(kept, dict):
            return {}
        return {mark: path for mark, path in kept.items() if isinstance(path, str)}

    def _keep(self, mark: str, path: str) -> None:
        kept = {**self._read(), mark: path}
        self._write({mark: path for mark, path in kept.items() if path})

    def _write(self, kept: Mapping[str, str]) -> None:
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = Path(f"{self._file}.part")
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(self._file)


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
