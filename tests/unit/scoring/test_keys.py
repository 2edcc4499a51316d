import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import InvalidSubmission, Keys, SubmissionTable, TruthError, validate_answer
from scoring.cells import Array
from scoring.keys import check_keys
from scoring.matching import key_texts, match_rows, number_rows
from tests.unit.scoring.tables_under_test import GOOD, TABLE, read, write

PAIRS = SubmissionTable.model_validate(
    {
        "key": ("series", "day"),
        "columns": {
            "series": {"type": "string"},
            "day": {"type": "integer"},
            "y": {"type": "number"},
        },
    }
)


def keys_of(folder: Path, *truths: str, table: SubmissionTable = TABLE) -> Keys:
    folders = [write(folder, text, f"{n}/truth.csv").parent for n, text in enumerate(truths)]
    return Keys.from_truths(folders, table)


def refusal(folder: Path, answer: str, keys: Keys, table: SubmissionTable = TABLE) -> list[str]:
    with pytest.raises(InvalidSubmission) as caught:
        validate_answer(write(folder, answer), table, keys)
    return [message.render("en") for message in caught.value.messages]


def test_an_answer_in_any_order_is_accepted(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, "id,label\nc,ok\na,ok\n", "label,id\nok,b\n")

    validate_answer(write(tmp_path, GOOD), TABLE, keys)
    assert len(keys) == 3


def test_without_keys_only_the_file_is_checked(tmp_path: Path) -> None:
    validate_answer(write(tmp_path, GOOD), TABLE, None)


def test_missing_and_extra_keys_are_two_messages_with_examples(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, "id,label\na,ok\nx,ok\ny,ok\n")

    assert refusal(tmp_path, GOOD, keys) == [
        "2 id are missing, for example x, y",
        "line 3: 2 id are not in the test set, for example b, c",
    ]


def test_examples_are_few(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, "id\n" + "".join(f"k{n}\n" for n in range(100)) + "a\nb\nc\n")

    assert refusal(tmp_path, GOOD, keys) == ["100 id are missing, for example k0, k1, k2, k3, k4"]


def test_extra_keys_may_be_allowed(tmp_path: Path) -> None:
    check_keys(read(tmp_path, GOOD), keys_of(tmp_path, "id\na\n"), allow_extra=True)


def test_composite_keys(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, "series,day,y\ns1,1,0\ns1,2,0\ns2,1,0\n", table=PAIRS)

    validate_answer(write(tmp_path, "y,day,series\n1,1,s2\n1,2,s1\n1,1,s1\n"), PAIRS, keys)
    assert refusal(tmp_path, "series,day,y\ns1,1,1\ns2,2,1\n", keys, PAIRS) == [
        "2 series, day are missing, for example s1|2, s2|1",
        "line 3: 1 series, day are not in the test set, for example s2|2",
    ]


def test_keys_are_written_and_read_without_the_truth(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, "series,day,y\ns1,1,3.25\ns2,7,4.5\n", table=PAIRS)
    path = tmp_path / "keys.json"
    keys.write(path)
    first = path.read_bytes()
    again = Keys.read(path)
    again.write(path)

    assert path.read_bytes() == first
    assert json.loads(first) == {"columns": {"series": ["s1", "s2"], "day": [1, 7]}}
    validate_answer(write(tmp_path, "series,day,y\ns2,7,1\ns1,1,1\n"), PAIRS, again)


def test_a_missing_truth_is_the_organisers_fault(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match=r"truth\.csv does not exist"):
        Keys.from_truths([tmp_path], TABLE)


def test_a_repeated_key_in_the_truth_is_the_organisers_fault(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match="repeat"):
        keys_of(tmp_path, "id\na\na\n")


KEYS = st.lists(st.tuples(st.sampled_from("ab|\\"), st.integers(0, 3)), max_size=12, unique=True)


@given(KEYS, KEYS)
def test_rows_match_as_a_dictionary_would(
    wanted: list[tuple[str, int]], given_keys: list[tuple[str, int]]
) -> None:
    def columns(keys: list[tuple[str, int]]) -> list[Array]:
        texts = np.empty(len(keys), dtype=object)
        texts[:] = [text for text, _ in keys]
        return [texts, np.array([number for _, number in keys], np.int64)]

    match = match_rows(columns(wanted), columns(given_keys))
    place = {key: row for row, key in enumerate(given_keys)}

    assert match.rows.tolist() == [place.get(key, -1) for key in wanted]
    assert match.missing.tolist() == [n for n, key in enumerate(wanted) if key not in place]
    assert match.extra.tolist() == [n for n, key in enumerate(given_keys) if key not in wanted]
    assert len(set(key_texts(columns(wanted)))) == len(wanted)
    (numbers,) = number_rows(columns(wanted))
    assert len(set(numbers.tolist())) == len(wanted)
