import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import InvalidSubmission
from scoring.formats import Format, detect_format, format_of_name
from scoring.tables import read_answer
from tests.unit.scoring.tables_under_test import GOOD, TABLE, codes, complaints, read, write

COLUMNS: Mapping[str, list[object]] = {
    "id": ["a", "b", "c"],
    "label": ["ok", "open", "short"],
    "score": [0.5, 1, 0],
}


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(COLUMNS), sink)
    return sink.getvalue()


def arrow(*, stream: bool) -> bytes:
    sink = io.BytesIO()
    table = pa.table({**COLUMNS, "label": pa.array(COLUMNS["label"]).dictionary_encode()})
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def npz() -> bytes:
    sink = io.BytesIO()
    np.savez_compressed(
        sink,
        id=np.array(COLUMNS["id"]),
        label=np.array([b"ok", b"open", b"short"]),
        score=np.array(COLUMNS["score"], ">f4"),
    )
    return sink.getvalue()


JSON = (
    '[{"id": "a", "label": "ok", "score": 0.5},\n'
    '{"score": 1, "id": "b", "label": "open"}, {"id": "c", "label": "short", "score": 0e0}]\n'
)
JSON_LINES = (
    '{"id": "a", "label": "ok", "score": 0.5}\n\n'
    '{"id": "b", "label": "open", "score": "1"}\r\n'
    '{"id": "c", "label": "short", "score": 0}'
)
WRITTEN = {
    Format.CSV: GOOD.encode(),
    Format.TSV: GOOD.replace(",", "\t").encode(),
    Format.JSON: JSON.encode(),
    Format.JSON_LINES: b"\xef\xbb\xbf" + JSON_LINES.encode(),
    Format.PARQUET: parquet(),
    Format.ARROW: arrow(stream=False),
    Format.NPZ: npz(),
}
LINES = {
    Format.CSV: [2, 3, 4],
    Format.TSV: [2, 3, 4],
    Format.JSON: [1, 2, 2],
    Format.JSON_LINES: [1, 3, 4],
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_one_table_in_every_format(tmp_path: Path, kind: Format) -> None:
    path = write(tmp_path, WRITTEN[kind])

    assert detect_format(path) is kind
    answer = read_answer(path, TABLE)
    assert {name: values.tolist() for name, values in answer.columns.items()} == COLUMNS
    assert answer.lines.tolist() == LINES.get(kind, [1, 2, 3])


def test_an_arrow_stream_is_arrow(tmp_path: Path) -> None:
    path = write(tmp_path, arrow(stream=True))

    assert detect_format(path) is Format.ARROW
    assert read_answer(path, TABLE).columns["label"].tolist() == COLUMNS["label"]


@pytest.mark.parametrize("kind", [each for each in WRITTEN if each is not Format.CSV])
def test_what_a_scorer_cannot_read_is_refused(tmp_path: Path, kind: Format) -> None:
    with pytest.raises(InvalidSubmission):
        read_answer(write(tmp_path, WRITTEN[kind]), TABLE, {Format.CSV})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (GOOD.encode(), "file_damaged"),
        (parquet()[:-9] + b"not a tail", "file_damaged"),
        (b"", "file_damaged"),
    ],
)
def test_a_damaged_parquet_file_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(InvalidSubmission) as caught:
        read_answer(write(tmp_path, content), TABLE, {Format.PARQUET})
    assert codes(caught.value.messages) == [(code, None)]
    assert "Parquet" in str(caught.value)


def test_a_link_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(write(tmp_path, parquet()))

    with pytest.raises(InvalidSubmission) as caught:
        read_answer(tmp_path / "link", TABLE, {Format.PARQUET})
    assert codes(caught.value.messages) == [("not_a_file", None)]


def test_wrong_cells_of_typed_columns_are_told_by_row(tmp_path: Path) -> None:
    sink = io.BytesIO()
    wrong = {"id": ["a", None, "c"], "label": [*COLUMNS["label"][:2], "x"], "score": [2, 0.5, 1]}
    pq.write_table(pa.table(wrong), sink)

    messages = complaints(tmp_path, sink.getvalue())
    assert codes(messages) == [("above_max", 1), ("empty_cell", 2), ("not_in_values", 3)]


def test_a_binary_table_lacks_a_column(tmp_path: Path) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"], "lable": ["ok"], "score": [1.0]}), sink)

    assert codes(complaints(tmp_path, sink.getvalue())) == [("unknown_column_near", 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", [("missing_column", 1)] * 3),
        ("[1]", [("json_shape", 1)]),
        ("[\n[]]", [("json_shape", 2)]),
        ("[" * 100_000, [("bad_json", 1)]),
        ('[{"id": "a", "label": "ok", "score": 1}', [("bad_json", 1)]),
        ('[{"id": "a", "label": "ok", "score": 1}]\n,', [("bad_json", 2)]),
        ('[{"id": "a", "label": "ok", "score": 1},\n]', [("bad_json", 2)]),
        ('[{"id": "a", "id": "b"}]', [("bad_json", 1)]),
        ('[{"id": "a", "label": "ok", "score": NaN}]', [("not_finite", 1)]),
        ('[{"id": "a", "label": "ok", "score": -Infinity}]', [("not_finite", 1)]),
        ('[{"id": "a", "label": "ok", "score": 1e999}]', [("not_finite", 1)]),
        ('[{"id": "a", "label": "ok", "score": true}]', [("not_number", 1)]),
        ('[{"id": "a", "label": null, "score": 1}]', [("empty_cell", 1)]),
        ('[{"id": "a", "label": ["ok"], "score": 1}]', [("cell_nested", 1)]),
        ('[{"id": "a\\u0000", "label": "ok", "score": 1}]', [("nul_byte", 1)]),
        ('[{"id": "\\ud800", "label": "ok", "score": 1}]', [("lone_surrogate", 1)]),
        ('[{"id": "%s", "label": "ok", "score": 1}]' % ("x" * 200_000), [("field_too_long", 1)]),
        ('{"id": "a", "label": "ok"}', [("missing_column", 1)]),
        ('{"id": "a", "label": "ok", "score": 1, "x": 1}', [("unknown_column", 1)]),
        (
            (
                '{"id": "a", "label": "ok", "score": 1}\n{"id": "b", "label": "ok", "note": 1}\n'
                '[]\n{\n{"id": "c", "label": "ok"}'
            ),
            [("unknown_column", 2), ("json_shape", 3), ("bad_json", 4), ("empty_cell", 5)],
        ),
    ],
)
def test_json_that_is_refused(
    tmp_path: Path, text: str, expected: list[tuple[str, int | None]]
) -> None:
    messages = complaints(tmp_path, text)

    assert codes(messages) == expected
    for message in messages:
        assert message.render("zh-Hans").encode()


def test_numbers_and_texts_name_the_same_row(tmp_path: Path) -> None:
    text = '[{"id": 12345678901234567890, "label": "ok", "score": 0.1}]'

    assert read(tmp_path, text).columns["id"].tolist() == ["12345678901234567890"]


def test_tabs_over_commas_stay_a_mistake(tmp_path: Path) -> None:
    assert codes(complaints(tmp_path, "id\tlabel\tscore\na,ok,1\n")) == [("wrong_delimiter", 1)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("predictions.csv", Format.CSV),
        ("a.JSONL", Format.JSON_LINES),
        ("a.feather", Format.ARROW),
        ("answer", Format.CSV),
    ],
)
def test_formats_by_name(name: str, kind: Format) -> None:
    assert format_of_name(name) is kind
