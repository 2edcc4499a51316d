"""YAML to plain data that remembers its lines. Refuses what a description never needs."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from problems.issues import PackIssue

__all__ = ["Document", "Place", "dotted", "parse_document"]

Place = tuple[str | int, ...]
Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None

MAX_DEPTH: Final = 20
MAX_NODES: Final = 20_000
_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML mapping as plain data, with the line and column (from 1) of every key and item."""

    file: str
    data: Plain
    lines: Mapping[Place, int]
    columns: Mapping[Place, int] = field(default_factory=dict)

    def line_of(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place above it that exists."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def column_of(self, place: Place) -> int:
        """Return the column where a place begins, or the nearest place above it that exists."""
        while place and place not in self.columns:
            place = place[:-1]
        return self.columns.get(place, 1)


def dotted(place: Place) -> str:
    """Write a place as people do: `scoring.columns[0].metric`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def parse_document(text: str, file: str) -> tuple[Document | None, list[PackIssue]]:
    """Parse one YAML document; duplicate keys, anchors and custom tags are issues."""
    try:
        root = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, [PackIssue(file, line, "", "yaml", {"reason": error.problem or "syntax"})]
    except YAMLError as error:
        reason = str(error).splitlines()[0]
        return None, [PackIssue(file, 1, "", "yaml", {"reason": reason})]
    if not isinstance(root, MappingNode):
        return None, [PackIssue(file, 1, "", "not_a_mapping", {})]
    reading = _Reading(file)
    data = reading.read(root, ())
    return Document(file, data, reading.lines, reading.columns), reading.issues


class _Reading:
    """Walks a node tree once, noting lines and issues."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Place, int] = {}
        self.columns: dict[Place, int] = {}
        self.issues: list[PackIssue] = []
        self._seen: set[int] = set()

    def read(self, node: Node, place: Place) -> Plain:
        """Return a node's plain data."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        self.columns.setdefault(place, node.start_mark.column + 1)
        if id(node) in self._seen:
            # the node is where the anchor is; the alias is where its key or its list is
            line = self.lines.get(place[: len(place) - isinstance(place[-1], int)], 1)
            self.issues.append(PackIssue(self.file, line, dotted(place), "yaml_alias"))
            return None
        self._seen.add(id(node))
        if len(place) > MAX_DEPTH or len(self._seen) > MAX_NODES:
            self._refuse(node, place, "yaml_too_big")
            return None
        if isinstance(node, MappingNode):
            return dict(self._pairs(node, place))
        if isinstance(node, SequenceNode):
            return [self.read(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _pairs(self, node: MappingNode, place: Place) -> Iterator[tuple[str, Plain]]:
        names: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._refuse(key, place, "yaml_key")
                continue
            name = str(key.value)
            inner = (*place, name)
            self.lines[inner] = key.start_mark.line + 1
            self.columns[inner] = key.start_mark.column + 1
            if name in names:
                self._refuse(key, inner, "repeated_key")
                continue
            names.add(name)
            yield name, self.read(value, inner)

    def _scalar(self, node: Node, place: Place) -> Plain:
        text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in {"int", "float"}:
            return _number(text, kind)
        if kind not in {"str", "timestamp"}:
            self._refuse(node, place, "yaml_tag", kind)
        return text

    def _refuse(self, node: Node, place: Place, code: str, what: str = "") -> None:
        line = node.start_mark.line + 1
        self.issues.append(PackIssue(self.file, line, dotted(place), code, {"what": what}))


def _number(text: str, kind: str) -> int | float | str:
    """Read a number; what only YAML takes for one (`.inf`, `0o17`, `1_000`) stays text."""
    try:
        return int(text) if kind == "int" and "_" not in text else float(text)
    except ValueError:
        return text
