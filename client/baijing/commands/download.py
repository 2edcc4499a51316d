"""`baijing download`: the public data, resumed where it broke off, checked by SHA-256."""

import hashlib
import os
from collections.abc import Sequence
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO, Final

from baijing.console import Console
from baijing.errors import Exit, LocalError, MissingError, UnreachableError
from baijing.shapes import PROBLEM
from baijing.site import Json, Site, join

PIECE: Final = 1 << 18
TRIES: Final = 5
PART: Final = ".part"
# each is there on one kind of system alone
_NO_LINK: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)


def bring(
    site: Site, console: Console, problem: str, folder: Path, files: Sequence[Json]
) -> dict[str, Path]:
    """Bring files of a problem into a folder; return where each lies, by its path.

    Raises:
        ClientError: the first file that cannot be brought, named.
    """
    targets = {str(file["path"]): locate(folder, str(file["path"])) for file in files}
    for file in files:
        target = targets[str(file["path"])]
        console.tell(_bring(site, console, problem, file, target), {"path": target})
    return targets


def run(site: Site, console: Console, problem: str, folder: Path, only: list[str]) -> Exit:
    """Bring the files of a problem into a folder; what is complete is not sent again.

    Raises:
        ClientError: the first file that cannot be brought, named.
    """
    files = choose(site.read(join("problems", problem), PROBLEM)["files"], only)
    targets = bring(site, console, problem, folder, files)
    brought = [{**file, "file": str(targets[str(file["path"])])} for file in files]
    console.answer({"problem": problem, "files": brought}, "")
    return Exit.OK


def choose(files: list[Json], only: list[str]) -> list[Json]:
    """Return the files named, or all.

    Raises:
        MissingError: one of the names is not among them.
    """
    known = {str(file["path"]) for file in files}
    for path in only:
        if path not in known:
            msg = "There is no file %(path)s in this problem."
            raise MissingError(msg, {"path": path})
    return [file for file in files if not only or file["path"] in only]


def locate(folder: Path, path: str) -> Path:
    """Return where a file of the site goes, which is never outside the folder.

    Raises:
        LocalError: the name leads elsewhere, or through a link that lies in the folder.
    """
    parts = PurePosixPath(path).parts
    strange = any(part in {"..", "/"} or set(part) & set('\\:*?"<>|') for part in parts)
    if strange or not parts or not path.isprintable():
        msg = "The site names a file that cannot be trusted: %(path)s"
        raise LocalError(msg, {"path": path})
    target = folder.joinpath(*parts)
    between = [folder.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
    if any(one.is_symlink() for one in between):
        msg = "The site names a file that cannot be trusted: %(path)s"
        raise LocalError(msg, {"path": path})
    return target


def _bring(site: Site, console: Console, problem: str, file: Json, target: Path) -> str:
    part = target.with_name(target.name + PART)
    try:
        if target.is_file() and digest_of(target) == file["sha256"]:
            return "%(path)s is complete."
        target.parent.mkdir(parents=True, exist_ok=True)
        _fill(site, console, problem, file, part)
        if digest_of(part) != file["sha256"]:
            part.unlink()
            msg = "%(path)s: the checksum is wrong, the part was removed; download it again."
            raise LocalError(
                msg,
                {"path": target},
            )
        part.replace(target)
    except OSError as error:
        params = {"path": target, "reason": error.strerror or error}
        msg = "%(path)s: cannot be read or written (%(reason)s)."
        raise LocalError(msg, params) from error
    return "%(path)s: downloaded, checksum right."


def _fill(site: Site, console: Console, problem: str, file: Json, part: Path) -> None:
    """Append to the part until it is as long as the file; a connection may break off between."""
    for attempt in range(1, TRIES + 1):
        flags = os.O_RDWR | os.O_CREAT | _NO_LINK | _BINARY
        with os.fdopen(os.open(part, flags, 0o644), "r+b") as kept:
            size = kept.seek(0, os.SEEK_END)
            if size > int(file["size"]):
                kept.truncate(0)
            try:
                _append(site, console, problem, file, kept)
            except UnreachableError:
                if attempt == TRIES:
                    raise
                site.sleep(float(attempt))
            else:
                return


def _append(site: Site, console: Console, problem: str, file: Json, kept: IO[bytes]) -> None:
    have, total = kept.seek(0, os.SEEK_END), int(file["size"])
    if have == total:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": f'"{file["sha256"]}"'} if have else {}
    with site.open(join("problems", problem, "files", str(file["path"])), headers) as answer:
        if have and answer.status != HTTPStatus.PARTIAL_CONTENT:  # the whole again: begin anew
            kept.truncate(0)
            have = kept.seek(0)
        try:
            while have < total and (piece := answer.read(min(PIECE, total - have))):
                kept.write(piece)
                have += len(piece)
                console.progress(str(file["path"]), have, total)
        except (OSError, HTTPException) as error:
            raise site.unreachable(error) from error
    if have < total:
        raise site.unreachable(ConnectionError(f"{have} / {total}"))


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
