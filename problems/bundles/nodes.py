"""A YAML mapping that is read key by key, so that nobody can forget to say what was not read."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from problems.bundles.dates import BEIJING, DateFormatError, read_date
from problems.bundles.files import Files, PathRefusedError
from problems.bundles.notes import Level, Note
from problems.document import Document, Place, Plain, dotted

__all__ = ["Book", "Node"]

_YES: Final = frozenset({"true", "yes", "on"})
_NO: Final = frozenset({"false", "no", "off"})
_SHOWN: Final = 80
MOST_ITEMS: Final = 200


class Book:
    """The description of one bundle, its files, and what has been noted about them."""

    def __init__(self, document: Document, files: Files) -> None:
        self.document = document
        self.files = files
        self.notes: list[Note] = []

    def note(self, level: Level, place: Place, code: str, /, **params: str | int) -> None:
        """Note something about a place of the description."""
        line, column = self.document.line_of(place), self.document.column_of(place)
        self.notes.append(
            Note(level, self.document.file, code, line, column, dotted(place), params)
        )

    def about(self, level: Level, file: str, code: str, /, **params: str | int) -> None:
        """Note something about another file of the bundle."""
        self.notes.append(Note(level, file, code, params=params))

    def text_of(self, path: Path) -> str:
        """Return a small text; one that cannot be read is an error, and empty."""
        try:
            return self.files.text(path)
        except PathRefusedError as error:
            self.about(Level.ERROR, self.files.name(path), error.code, **error.params)
            return ""

    @property
    def has_errors(self) -> bool:
        """Whether the bundle cannot be imported."""
        return any(note.level is Level.ERROR for note in self.notes)

    def root(self) -> "Node":
        """Return the whole description."""
        data = self.document.data
        return Node(self, (), data if isinstance(data, dict) else {})


class Node:
    """One mapping. Every read marks its key; `finish` names the keys that nobody asked for."""

    def __init__(self, book: Book, place: Place, data: dict[str, Plain]) -> None:
        self.book = book
        self.place = place
        self.data = data
        self._read: set[str] = set()

    def at(self, key: str) -> Place:
        """Return the place of a key."""
        return (*self.place, key)

    def has(self, key: str) -> bool:
        """Say whether a key is there and not null."""
        return self.data.get(key) is not None

    def keys(self) -> list[str]:
        """List the keys, in order."""
        return list(self.data)

    def take(self, key: str) -> Plain:
        """Return a value as it stands."""
        self._read.add(key)
        return self.data.get(key)

    def error(self, key: str, code: str, /, **params: str | int) -> None:
        """Note a fault of a key's value."""
        self.book.note(Level.ERROR, self.at(key), code, **params)

    def lost(self, key: str, code: str = "no_counterpart", /, **params: str | int) -> None:
        """Note that a key is not carried over, where it is there."""
        if self.take(key) is not None:
            self.book.note(Level.LOST, self.at(key), code, **params)

    def lost_unless(self, key: str, plain: tuple[Plain, ...], code: str = "no_counterpart") -> None:
        """The same, except where the value is what happens here anyway."""
        value = self.take(key)
        if value is not None and value not in plain:
            self.book.note(Level.LOST, self.at(key), code, value=_shown(value))

    def read(self, key: str, code: str, /, **params: str | int) -> None:
        """Note how a value was understood."""
        self.book.note(Level.READ, self.at(key), code, **params)

    def require(self, key: str) -> bool:
        """Say whether a key is there; its absence is an error."""
        if self.has(key):
            return True
        self._read.add(key)
        self.book.note(Level.ERROR, self.at(key), "missing_key")
        return False

    def text(self, key: str, default: str = "") -> str:
        """Return a text; a number or a flag is one too."""
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, dict | list):
            self._wrong(key, value, "text")
            return default
        return str(value).strip()

    def whole(self, key: str, default: int, *, least: int = 0) -> int:
        """Return a whole number of at least `least`."""
        value = self.take(key)
        if value is None:
            return default
        text = str(value)
        if isinstance(value, bool) or not text.removeprefix("-").isdecimal() or int(text) < least:
            self._wrong(key, value, f">= {least}")
            return default
        return min(int(text), 10**9)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a flag, as YAML 1.1 writes it too (`yes`, `off`)."""
        value = self.take(key)
        text = str(value).lower()
        if value is not None and text not in _YES | _NO:
            self._wrong(key, value, "true, false")
        return text in _YES if value is not None else default

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of a few words."""
        text = self.text(key, default)
        if text in allowed:
            return text
        self.error(key, "not_allowed", value=text[:_SHOWN], allowed=", ".join(allowed))
        return default

    def date(self, key: str) -> datetime | None:
        """Return an instant and note how it was read; None where there is none, or it is wrong."""
        value = self.take(key)
        if value is None:
            return None
        text = str(value).strip()
        try:
            instant = read_date(text)
        except DateFormatError:
            self.error(key, "bad_date", value=text[:_SHOWN])
            return None
        utc, beijing = f"{instant:%Y-%m-%d %H:%M:%S} UTC", f"{instant.astimezone(BEIJING):%F %T}"
        self.read(key, "date_read", value=text, utc=utc, beijing=beijing)
        return instant

    def nodes(self, key: str) -> "list[Node]":
        """Return a list of mappings."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(key, value, "a list")
            return []
        if len(value) > MOST_ITEMS:
            self.error(key, "too_many", limit=MOST_ITEMS)
            return []
        return list(self._items(key, value))

    def _items(self, key: str, values: list[Plain]) -> Iterator["Node"]:
        for index, value in enumerate(values):
            place = (*self.at(key), index)
            if isinstance(value, dict):
                yield Node(self.book, place, value)
            else:
                shown = _shown(value)
                self.book.note(Level.ERROR, place, "wrong_type", value=shown, allowed="a mapping")

    def node(self, key: str) -> "Node":
        """Return a mapping, an empty one where there is none."""
        value = self.take(key)
        if value is not None and not isinstance(value, dict):
            self._wrong(key, value, "a mapping")
        return Node(self.book, self.at(key), value if isinstance(value, dict) else {})

    def texts(self, key: str) -> list[str]:
        """Return a list of texts; one alone stands for a list of one."""
        value = self.take(key)
        if value is None:
            return []
        listed = value if isinstance(value, list) else [value]
        if any(isinstance(item, dict | list) for item in listed):
            self._wrong(key, value, "a list of texts")
            return []
        return [str(item).strip() for item in listed if item is not None]

    def folder(self, key: str) -> Path | None:
        """Return the folder a key names, unpacked where it is a zip; None without one."""
        return self._file(key, self.book.files.folder)

    def file(self, key: str) -> Path | None:
        """Return the file a key names."""
        return self._file(key, self.book.files.file)

    def finish(self) -> None:
        """Name every key that was not asked for."""
        for key in self.data:
            if key not in self._read:
                self.book.note(Level.LOST, self.at(key), "key_unknown")

    def _file(self, key: str, find: Callable[[str], Path]) -> Path | None:
        text = self.text(key)
        if not text:
            if self.has(key):
                self.error(key, "path_missing", path=text)
            return None
        try:
            return find(text)
        except PathRefusedError as error:
            self.error(key, error.code, **error.params)
            return None

    def _wrong(self, key: str, value: Plain, allowed: str) -> None:
        self.error(key, "wrong_type", value=_shown(value), allowed=allowed)


def _shown(value: Plain) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
