"""The keys an answer must hold: what the web may keep of a truth, and the check against them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import pyarrow as pa

from scoring.cells import Array
from scoring.errors import InvalidSubmission
from scoring.matching import key_texts, match_numbers, match_rows
from scoring.messages import Message
from scoring.quick_matching import match_quickly, number_texts
from scoring.spec import SubmissionTable
from scoring.tables import Table, refuse_repeated_keys
from scoring.truth import read_truth, refuse_repeated_truth
from scoring.types import IntArray

__all__ = ["Keys", "check_keys", "match_answer"]

EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of a truth, in its order, by key column; nothing else of the truth."""

    columns: Mapping[str, Array]

    def __len__(self) -> int:
        """Return how many rows an answer must have."""
        return len(next(iter(self.columns.values())))

    @classmethod
    def from_truths(cls, truths: Sequence[Path], table: SubmissionTable) -> Self:
        """Gather the keys of truth folders: all boards' where rows are split, else one board's.

        Raises `TruthError` where a truth is missing or unreadable.
        """
        wanted = {name: table.columns[name] for name in table.key}
        tables = [read_truth(folder, wanted, table.key) for folder in truths]
        return cls(
            {name: np.concatenate([one.columns[name] for one in tables]) for name in table.key}
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls({name: _array(values) for name, values in data["columns"].items()})

    @property
    def key_text(self) -> pa.ChunkedArray | None:
        """The keys as Arrow has them, where they are one column of text."""
        values = next(iter(self.columns.values()))
        if len(self.columns) != 1 or values.dtype != object:
            return None
        return pa.chunked_array([pa.array(values, pa.large_string())])

    def key_texts(self, rows: IntArray) -> list[str]:
        """Write some of the keys as text."""
        return key_texts(list(self.columns.values()), rows)

    def write(self, path: Path) -> None:
        """Write the keys as JSON: the same keys give the same bytes."""
        columns = {name: values.tolist() for name, values in self.columns.items()}
        text = json.dumps({"columns": columns}, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text, encoding="utf-8")


def match_answer(answer: Table, wanted: Keys | Table, *, allow_extra: bool = False) -> IntArray:
    """Return the answer's row of each wanted key, a truth's or those kept of one, in their order.

    Neither side has been searched for keys that come twice. Raises `InvalidSubmission` unless the
    answer holds every key once, and (by default) no others; `TruthError` where a truth repeats one.
    """
    given, asked = answer.key_text, wanted.key_text
    if given is not None and asked is not None:
        rows = match_quickly(asked, given, allow_extra=allow_extra)
        if rows is not None:
            return rows
    refuse_repeated_keys(answer)
    if isinstance(wanted, Table):
        refuse_repeated_truth(wanted)
    return _match(answer, wanted, asked, allow_extra=allow_extra)


def check_keys(answer: Table, wanted: Keys | Table, *, allow_extra: bool = False) -> IntArray:
    """Return the answer's row of each wanted key, in the order of those.

    Raises `InvalidSubmission` unless the answer holds the keys, and (by default) no others.
    """
    return _match(answer, wanted, wanted.key_text, allow_extra=allow_extra)


def _match(
    answer: Table, wanted: Keys | Table, asked: pa.ChunkedArray | None, *, allow_extra: bool
) -> IntArray:
    given = answer.key_text
    if given is None or asked is None:
        match = match_rows([wanted.columns[name] for name in answer.key], answer.keys)
    else:
        match = match_numbers(*number_texts(asked, given))
    extra = match.extra[: 0 if allow_extra else None]
    messages = list(_messages(answer, wanted, match.missing, extra))
    if messages:
        raise InvalidSubmission(*messages)
    return match.rows


def _messages(
    answer: Table, wanted: Keys | Table, missing: IntArray, extra: IntArray
) -> Iterator[Message]:
    name = ", ".join(answer.key)
    if len(missing):
        yield Message("missing_ids", {"key": name, **_examples(wanted, missing)})
    if len(extra):
        line = int(answer.lines[extra[0]])
        yield Message("extra_ids", {"key": name, **_examples(answer, extra)}, line)


def _examples(keys: Keys | Table, rows: IntArray) -> dict[str, str | int]:
    shown = [text[:60] for text in keys.key_texts(rows[:EXAMPLES])]
    return {"count": len(rows), "examples": ", ".join(shown)}


def _array(values: list[str | int | bool]) -> Array:
    if values and not isinstance(values[0], str):
        return np.array(values)
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts
