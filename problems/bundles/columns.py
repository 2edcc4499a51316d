"""Columns of other platforms' boards as ours: keys that we allow, one that ranks, formulas."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from problems.bundles.model import ScoreColumn
from problems.bundles.nodes import Book, Node
from problems.bundles.notes import Level

__all__ = ["MOST_COLUMNS", "Keys", "read_columns", "settle"]

MOST_COLUMNS: Final = 20
MOST_DECIMALS: Final = 12
_KEY_LENGTH: Final = 40


class Keys:
    """Gives every name a key of its own that a column may have."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def make(self, name: str) -> str:
        """Return the key of a name: its letters and digits in lower case, numbered where taken."""
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        plain = plain if plain[:1].isalpha() else f"c_{plain}".rstrip("_")
        key, number = plain[:_KEY_LENGTH], 2
        while key in self._taken:
            end = f"_{number}"
            key, number = f"{plain[: _KEY_LENGTH - len(end)]}{end}", number + 1
        self._taken.add(key)
        return key


def read_columns(book: Book, board: Node, nodes: Sequence[Node]) -> tuple[ScoreColumn, ...]:
    """Read the columns of a Codabench leaderboard, in the order of their indexes."""
    if not nodes:
        board.error("columns", "no_columns")
    if len(nodes) > MOST_COLUMNS:
        board.error("columns", "too_many", limit=MOST_COLUMNS)
        nodes = nodes[:MOST_COLUMNS]
    keys = Keys()
    found: dict[int, tuple[Node, ScoreColumn]] = {}
    for place, node in enumerate(nodes):
        index = node.whole("index", place)
        if index in found:
            node.error("index", "repeated", value=index)
        found[index] = node, _column(node, keys)
    primary = board.whole("primary_index", 0)
    ordered = [found[index] for index in sorted(found)]
    named = {index: column.key for index, (_node, column) in found.items()}
    columns = [
        replace(_computed(node, column, named), is_primary=place == primary)
        for place, (node, column) in enumerate(ordered)
    ]
    for node, _ in ordered:
        node.finish()
    return settle(book, columns, ("leaderboards", 0, "columns"))


def _column(node: Node, keys: Keys) -> ScoreColumn:
    node.require("key")
    name = node.text("key", "score")
    key = keys.make(name)
    if key != name:
        node.read("key", "column_renamed", name=name, key=key)
    return ScoreColumn(
        name=name,
        key=key,
        title=node.text("title", name) or name,
        is_higher_better=node.choice("sorting", ("desc", "asc"), "desc") == "desc",
        decimals=min(node.whole("precision", 2), MOST_DECIMALS),
        is_hidden=node.flag("hidden", default=False),
    )


def _computed(node: Node, column: ScoreColumn, keys: dict[int, str]) -> ScoreColumn:
    """Return the column with what it is made of."""
    operation = node.text("computation")
    texts = node.texts("computation_indexes")
    if not operation:
        return column
    node.choice("computation", ("sum", "avg", "min", "max"), "sum")
    flat = [part for text in texts for part in text.split(",") if part.strip()]
    indexes = [int(part) if part.strip().isdecimal() else -1 for part in flat]
    operands = tuple(keys.get(index, "") for index in indexes)
    if not operands or "" in operands or column.key in operands:
        node.error("computation_indexes", "column_computation", name=column.name)
        return column
    return replace(column, operation=operation, operands=operands)


def settle(
    book: Book, columns: Iterable[ScoreColumn], place: tuple[str | int, ...]
) -> tuple[ScoreColumn, ...]:
    """Return columns of which exactly one ranks, and that one is shown."""
    listed = list(columns)
    if listed and not any(column.is_primary for column in listed):
        listed[0] = replace(listed[0], is_primary=True)
    for number, column in enumerate(listed):
        if column.is_primary and column.is_hidden:
            book.note(Level.LOST, place, "primary_hidden", name=column.name)
            listed[number] = replace(column, is_hidden=False)
    return tuple(listed)
