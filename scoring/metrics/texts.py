"""Metrics of short texts: exact, and by how many characters or words they share.

Texts are compared after Unicode normalisation (NFKC, which also makes full-width letters and digits
narrow), in lower case, with blanks squeezed. Words are runs of letters and digits; each Han
character, kana and Hangul syllable is a word of its own, since nothing separates words there.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np

from scoring.metrics.base import Kind, Metric, Sample, UndefinedMetricError
from scoring.spec import Direction
from scoring.types import FloatArray

__all__ = ["FAMILY", "normalise", "words"]

_WORD: Final = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3040-\u30ff\uac00-\ud7af]"
    "|[^\\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3040-\u30ff\uac00-\ud7af]+"
)


def normalise(text: str) -> str:
    """Return a text as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words(text: str) -> list[str]:
    """Return the words of a text, normalised; punctuation is none."""
    return _WORD.findall(normalise(text))


def _characters(text: str) -> list[str]:
    return [char for char in normalise(text) if not char.isspace()]


def _pairs(sample: Sample) -> list[tuple[str, str]]:
    return list(zip(sample.true_texts[:, 0].tolist(), sample.texts[:, 0].tolist(), strict=True))


def _mismatches(sample: Sample) -> FloatArray:
    def compare() -> FloatArray:
        wrong = [normalise(truth) != normalise(given) for truth, given in _pairs(sample)]
        return np.array(wrong, np.float64)

    return sample.once("mismatches", compare)


def _overlap(split: Callable[[str], list[str]], truth: str, given: str) -> float:
    """Return the F1 of two bags of pieces; two empty texts agree wholly."""
    wanted, found = Counter(split(truth)), Counter(split(given))
    total = wanted.total() + found.total()
    return 2.0 * (wanted & found).total() / total if total else 1.0


def _overlap_losses(split: Callable[[str], list[str]], sample: Sample) -> FloatArray:
    def compare() -> FloatArray:
        return np.array([1.0 - _overlap(split, *pair) for pair in _pairs(sample)], np.float64)

    return sample.once(("overlap", split), compare)


def _complement(losses: Callable[[Sample], FloatArray], sample: Sample) -> float:
    return 1.0 - float(np.mean(losses(sample)))


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the fewest insertions, deletions and replacements; Levenshtein (1966)."""
    if len(one) > len(other):  # one step for each piece of the shorter
        one, other = other, one
    row = np.arange(len(other) + 1)
    numbers = {piece: number for number, piece in enumerate(dict.fromkeys(other))}
    letters = np.array([numbers[piece] for piece in other], np.int64)
    for count, char in enumerate(one, start=1):
        step = np.empty_like(row)
        step[0] = count
        step[1:] = np.minimum(row[1:] + 1, row[:-1] + (letters != numbers.get(char, -1)))
        # an insertion takes the cell to its left plus one: a running minimum along the row
        places = np.arange(len(step))
        row = np.minimum.accumulate(step - places) + places
    return int(row[-1])


def _error_rate(split: Callable[[str], list[str]], sample: Sample) -> float:
    """Return all edits over the length of all truths."""
    pairs = [(split(truth), split(given)) for truth, given in _pairs(sample)]
    length = sum(len(truth) for truth, _ in pairs)
    if length == 0:
        code = "undefined_zero"
        raise UndefinedMetricError(code)
    return sum(edit_distance(truth, given) for truth, given in pairs) / length


_char_losses = partial(_overlap_losses, _characters)
_word_losses = partial(_overlap_losses, words)
_of_texts = partial(
    Metric,
    direction=Direction.MAX,
    low=0.0,
    high=1.0,
    target=Kind.TEXT,
    prediction=Kind.TEXT,
    example=("replace the bearing",),
)

FAMILY: Final = (
    _of_texts(
        "text_exact_match",
        score=partial(_complement, _mismatches),
        loss=_mismatches,
        source="share of equal texts after normalisation (NFKC, case, blanks)",
    ),
    _of_texts(
        "char_f1",
        score=partial(_complement, _char_losses),
        loss=_char_losses,
        source="mean F1 of the bags of characters",
    ),
    _of_texts(
        "token_f1",
        score=partial(_complement, _word_losses),
        loss=_word_losses,
        source="mean F1 of the bags of words; Rajpurkar et al. (2016)",
    ),
    _of_texts(
        "character_error_rate",
        direction=Direction.MIN,
        high=float("inf"),
        score=partial(_error_rate, _characters),
        source="edits / characters of the truth; Levenshtein (1966)",
    ),
    _of_texts(
        "word_error_rate",
        direction=Direction.MIN,
        high=float("inf"),
        score=partial(_error_rate, words),
        source="edits / words of the truth; Levenshtein (1966)",
    ),
)
