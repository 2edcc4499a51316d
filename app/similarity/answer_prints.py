"""An answer as a sample of its places and what it says at each: the same places in every answer.

A place is a row's key and a column, or a path into a JSON document. The places with the least
hashes are the sample (a bottom-k sketch; Cohen, Kaplan: Summarizing Data using Bottom-k Sketches,
PODC 2007), so that the answers of all teams are sampled at the same places without knowing of one
another, and two rows in another order change nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.errors import InvalidSubmission
from scoring.json_answer import read_json_answer
from scoring.spec import ColumnKind, SubmissionTable
from scoring.tables import Table, read_table

MOST_BYTES: Final = 16 << 20
"""A larger answer is compared as a file alone."""
MOST_PLACES: Final = 1_000_000
SAMPLE: Final = 1024
_DIGITS: Final = 6

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Hashes of places, ascending, and of what stands there."""

    places: Hashes
    values: Hashes

    def pack(self) -> bytes:
        """Return the sample as bytes."""
        return np.stack([self.places, self.values]).astype("<u8").tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> "Sample":
        """Return the sample that `pack` made."""
        places, values = np.frombuffer(packed, dtype="<u8").reshape(2, -1)
        return cls(places.astype(np.uint64), values.astype(np.uint64))


def read_places(
    path: Path, table: SubmissionTable | None, most_bytes: int = MOST_BYTES
) -> dict[str, str] | None:
    """Return what an answer says at each of its places; None where it is too large or no such file.

    `table` is what the answer's columns are, None where it is no table: then JSON is read by its
    paths and any other text by its lines.
    """
    if path.stat().st_size > most_bytes:
        return None
    try:
        facts = _of_table(path, table) if table is not None else _of_text(path)
        found = dict(islice(_numbered(facts), MOST_PLACES + 1))
    except InvalidSubmission:
        return None
    return None if len(found) > MOST_PLACES else found


def sample_places(facts: Mapping[str, str]) -> Sample:
    """Return the sample of an answer."""
    hashes = np.fromiter((_hash(place) for place in facts), dtype=np.uint64, count=len(facts))
    order = np.argsort(hashes, kind="stable")[:SAMPLE]
    texts = list(facts.values())
    values = np.asarray([_hash(texts[at]) for at in order.tolist()], dtype=np.uint64)
    return Sample(hashes[order], values)


def _of_table(path: Path, table: SubmissionTable) -> Iterator[tuple[str, str]]:
    answer = read_table(path, table.columns, table.key, exact=True)
    keys = answer.key_texts(np.arange(len(answer)))
    for name, kind in table.columns.items():
        if name not in table.key:
            values = _texts(answer, name, is_number=kind.type is ColumnKind.NUMBER)
            yield from ((f"{key} · {name}", value) for key, value in zip(keys, values, strict=True))


def _texts(answer: Table, name: str, *, is_number: bool) -> Iterator[str]:
    values = answer.columns[name].tolist()
    return (f"{value:.{_DIGITS}g}" if is_number else str(value) for value in values)


def _of_text(path: Path) -> Iterator[tuple[str, str]]:
    if path.suffix.lower() == ".json":
        return _leaves(read_json_answer(path, MOST_BYTES), "")
    text = path.read_bytes().decode("utf-8", "replace")
    return (("", line.strip()) for line in text.splitlines() if line.strip())


def _leaves(value: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{at}[{number}]")
    elif isinstance(value, float):
        yield at, f"{value:.{_DIGITS}g}"
    else:
        yield at, json.dumps(value, ensure_ascii=False)


def _numbered(facts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Give a place that comes again a number of its own."""
    counts: Counter[str] = Counter()
    for place, value in facts:
        counts[place] += 1
        yield (place if counts[place] == 1 else f"{place} #{counts[place]}"), value


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1  # 0 means that a place is missing
