"""Static files: read once, named by a hash of all of them, cached by browsers for a year.

The hash stands before the path (`/static/<version>/css/site.css`), so a module that imports its
neighbour by a relative path gets the same version. `css/site.css` is made of the files of
`css/site/`, joined in the order of their names, each in the cascade layer of its number: what is
meant for print beats what is meant for a part, and that beats what is meant for an element.
"""

import gzip
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final

from flask import Flask, Response, abort, g, has_request_context, request, url_for

from app.core.web import Access, access

FOLDER: Final = Path(__file__).resolve().parent / "static"
_BUNDLE: Final = "css/site.css"
_PARTS: Final = "css/site"
_LAYERS: Final = {"1": "tokens", "2": "base", "9": "print"}
_LAYER: Final = "site"
"""The layer of a file by the first digit of its name, and of all the others."""
_FOREVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}
_SMALLEST_TO_PACK: Final = 512


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent; `packed` is its gzip form, empty where that saves nothing."""

    content: bytes
    packed: bytes
    mimetype: str


@dataclass(frozen=True, slots=True)
class StaticTree:
    """All files by name, and the hash of them all."""

    version: str
    files: dict[str, StaticFile]
    stamp: tuple[int, int]


class StaticFiles:
    """The files of a folder, read again in development when one has changed."""

    def __init__(self, folder: Path, *, watch: bool) -> None:
        self._folder = folder
        self._watch = watch
        self._lock = Lock()
        self._tree = read_tree(folder)

    def tree(self) -> StaticTree:
        """Return the files in force."""
        if self._watch and _is_first_look() and _stamp(self._folder) != self._tree.stamp:
            with self._lock:
                self._tree = read_tree(self._folder)
        return self._tree


def _is_first_look() -> bool:
    """Whether this request has not looked at the folder yet: a page names many files of it."""
    if not has_request_context():
        return True
    is_first = not g.get("static_files_seen", False)
    g.static_files_seen = True
    return is_first


def read_tree(folder: Path) -> StaticTree:
    """Read, join and pack all files under a folder."""
    parts = folder / _PARTS
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in paths
        if not path.is_relative_to(parts)
    }
    joined = [path for path in paths if path.is_relative_to(parts)]
    if joined:
        contents[_BUNDLE] = _join(joined)
    digest = sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    files = {name: _pack(name, content) for name, content in contents.items()}
    return StaticTree(digest.hexdigest()[:12], files, _stamp(folder))


def _join(parts: Sequence[Path]) -> bytes:
    layers = [_LAYERS.get(path.name[0], _LAYER) for path in parts]
    order = "@layer tokens, base, site, print;"
    wrapped = [
        f"@layer {layer} {{\n{path.read_text('utf-8')}\n}}"
        for layer, path in zip(layers, parts, strict=True)
    ]
    return "\n".join([order, *wrapped]).encode()


def register_static_files(app: Flask, *, watch: bool) -> None:
    """Serve the files, and give templates `asset(name)`."""
    static = StaticFiles(FOLDER, watch=watch)

    @access(Access.ANYONE)
    def serve(version: str, name: str) -> Response:
        return _answer(static.tree(), version, name)

    app.add_url_rule("/static/<version>/<path:name>", endpoint="static", view_func=serve)

    def asset(name: str) -> str:
        """Return the URL of a static file.

        Raises:
            KeyError: there is no such file.
        """
        tree = static.tree()
        if name not in tree.files:
            raise KeyError(name)
        return url_for("static", version=tree.version, name=name)

    app.jinja_env.globals["asset"] = asset


def _answer(tree: StaticTree, version: str, name: str) -> Response:
    found = tree.files.get(name)
    if found is None:
        abort(404)
    pack = bool(found.packed) and request.accept_encodings.quality("gzip") > 0
    response = Response(found.packed if pack else found.content, mimetype=found.mimetype)
    if pack:
        response.headers["Content-Encoding"] = "gzip"
    if found.packed:
        response.vary.add("Accept-Encoding")
    # a page of the version before asks for names that are gone: answer, but let nobody keep it
    response.headers["Cache-Control"] = _FOREVER if version == tree.version else "no-cache"
    return response


def _pack(name: str, content: bytes) -> StaticFile:
    suffix = Path(name).suffix
    mimetype = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(content, mtime=0) if len(content) >= _SMALLEST_TO_PACK else b""
    return StaticFile(content, packed if len(packed) < len(content) else b"", mimetype)


def _stamp(folder: Path) -> tuple[int, int]:
    times = [path.stat().st_mtime_ns for path in folder.rglob("*")]
    return len(times), max(times, default=0)
