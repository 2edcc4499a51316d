"""What hostile Parquet, Arrow and NPZ files may ask for, and what they get."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring import unpacking
from scoring.unpacking import MAX_COLUMNS, MAX_ROWS, Reason, UnpackError, main, unpack


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def arrow(batch: pa.RecordBatch) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def npz(**members: bytes) -> bytes:
    sink = io.BytesIO()
    with ZipFile(sink, "w", ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(f"{name}.npy", content)
    return sink.getvalue()


def npy(array: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    sink = io.BytesIO()
    np.save(sink, array)
    return sink.getvalue()


def claims(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    sink = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(sink, header)
    return sink.getvalue()


def in_folder(folder: Path, name: str, content: bytes, *wanted: str) -> pa.Table:
    source, sink = folder / "source", folder / "sink"
    source.write_bytes(content)
    unpack(name, source, sink, wanted or ("x",))
    return pa.ipc.open_file(str(sink)).read_all()


def views() -> pa.Array:
    """Ten thousand views of one long text, as the format lays them out."""
    one = np.array([131_000, int.from_bytes(b"xxxx", "little"), 0, 0], np.int32)
    words = pa.py_buffer(np.tile(one, 10_000).tobytes())
    buffers = [None, words, pa.py_buffer(b"x" * 131_000)]
    return pa.Array.from_buffers(pa.string_view(), 10_000, buffers)


KINDS = {
    "int8": (pa.array([1, 2], pa.int8()), [1, 2]),
    "uint32": (pa.array([1, 4_000_000_000], pa.uint32()), [1, 4_000_000_000]),
    "uint64": (pa.array([1, 1 << 63], pa.uint64()), ["1", "9223372036854775808"]),
    "float32": (pa.array([0.5, None], pa.float32()), [0.5, None]),
    "bool": (pa.array([True, None]), [True, None]),
    "decimal": (pa.array([1, 2]).cast(pa.decimal128(30, 2)), ["1.00", "2.00"]),
    "null": (pa.nulls(2), [None, None]),
    "text": (pa.array(["甲", ""]), ["甲", ""]),
    "dictionary": (pa.array(["b", "a"]).dictionary_encode(), ["b", "a"]),
    "numbers by dictionary": (pa.array([7, 8]).dictionary_encode(), [7, 8]),
    "view": (pa.array(["a", None, "b" * 40], pa.string_view()), ["a", None, "b" * 40]),
}


@pytest.mark.parametrize("name", KINDS)
def test_plain_types(tmp_path: Path, name: str) -> None:
    column, expected = KINDS[name]

    found = in_folder(tmp_path, "arrow", arrow(pa.record_batch([column], names=["x"])))
    assert found.column("x").to_pylist() == expected


REFUSED: dict[str, tuple[str, Callable[[], bytes], Reason]] = {
    "a list": ("parquet", lambda: parquet(pa.table({"x": [[1]]})), Reason.COLUMN_TYPE),
    "a struct": ("parquet", lambda: parquet(pa.table({"x": [{"y": 1}]})), Reason.COLUMN_TYPE),
    "a map": (
        "arrow",
        lambda: arrow(
            pa.record_batch([pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8()))], names=["x"])
        ),
        Reason.COLUMN_TYPE,
    ),
    "bytes": ("parquet", lambda: parquet(pa.table({"x": [b"a"]})), Reason.COLUMN_TYPE),
    "run ends": (
        "arrow",
        lambda: arrow(
            pa.record_batch(
                [pa.RunEndEncodedArray.from_arrays(pa.array([1 << 30], pa.int32()), [1])],
                names=["x"],
            )
        ),
        Reason.TOO_MANY_ROWS,
    ),
    "2³⁰ nulls": (
        "arrow",
        lambda: arrow(pa.record_batch([pa.nulls(1 << 30)], names=["x"])),
        Reason.TOO_MANY_ROWS,
    ),
    "one word, shown a million times": (
        "arrow",
        lambda: arrow(
            pa.record_batch(
                [pa.DictionaryArray.from_arrays(np.zeros(10_000, np.int32), ["x" * 131_000])],
                names=["x"],
            )
        ),
        Reason.TOO_MUCH_DATA,
    ),
    "one text, viewed ten thousand times": (
        "arrow",
        lambda: arrow(pa.record_batch([views()], names=["x"])),
        Reason.TOO_MUCH_DATA,
    ),
    "a long text": (
        "parquet",
        lambda: parquet(pa.table({"x": ["a", "x" * (1 << 18)]})),
        Reason.FIELD_TOO_LONG,
    ),
    "a NUL": ("parquet", lambda: parquet(pa.table({"x": ["a\0"]})), Reason.NUL_BYTE),
    "wide": (
        "parquet",
        lambda: parquet(pa.table({str(n): [n] for n in range(MAX_COLUMNS + 1)})),
        Reason.TOO_MANY_COLUMNS,
    ),
    "a pickle": (
        "npz",
        lambda: npz(x=npy(np.array([{}], dtype=object))),
        Reason.COLUMN_TYPE,
    ),
    "a bare pickle": ("npz", lambda: npz(x=pickle.dumps([1])), Reason.FILE_DAMAGED),
    "two dimensions": ("npz", lambda: npz(x=npy(np.zeros((2, 2)))), Reason.COLUMN_TYPE),
    "complex numbers": ("npz", lambda: npz(x=npy(np.zeros(2, complex))), Reason.COLUMN_TYPE),
    "records": ("npz", lambda: npz(x=npy(np.zeros(2, "i4,f8"))), Reason.COLUMN_TYPE),
    "a claim of rows": ("npz", lambda: npz(x=claims((1 << 60,))), Reason.TOO_MANY_ROWS),
    "a claim of width": ("npz", lambda: npz(x=claims((1000,), "<U9999999")), Reason.TOO_MUCH_DATA),
    "fewer than claimed": ("npz", lambda: npz(x=claims((1000,))), Reason.FILE_DAMAGED),
    "uneven": ("npz", lambda: npz(x=npy(np.zeros(2)), y=npy(np.zeros(3))), Reason.UNEVEN_COLUMNS),
    "half a file": ("parquet", lambda: parquet(pa.table({"x": [1]}))[:-20], Reason.FILE_DAMAGED),
    "no zip": ("npz", lambda: b"PK\x03\x04", Reason.FILE_DAMAGED),
    "no arrow": ("arrow", lambda: b"ARROW1\0\0", Reason.FILE_DAMAGED),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, name: str) -> None:
    kind, make, reason = REFUSED[name]
    wanted = ("x", "y") if name == "uneven" else ("x",)

    with pytest.raises(UnpackError) as caught:
        in_folder(tmp_path, kind, make(), *wanted)
    assert caught.value.reason is reason


def test_rows_are_counted_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": range(200)})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=30)
    monkeypatch.setattr(unpacking, "MAX_ROWS", 100)

    with pytest.raises(UnpackError) as caught:
        in_folder(tmp_path, "arrow", sink.getvalue())
    assert caught.value.reason is Reason.TOO_MANY_ROWS
    assert MAX_ROWS > 10_000_000


@pytest.mark.parametrize("content", [npz(y=npy(np.zeros(1))), npz(x=npy(np.zeros(0)))])
def test_nothing_is_written_where_there_is_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "source").write_bytes(content)

    unpack("npz", tmp_path / "source", tmp_path / "sink", ["x"])
    assert not (tmp_path / "sink").exists()


def test_the_command_says_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "_confine", lambda: None)
    (tmp_path / "source").write_bytes(parquet(pa.table({"x": ["a\0"], "z": [1]})))
    command = ["parquet", str(tmp_path / "source"), str(tmp_path / "sink")]

    assert main([*command, '["z"]']) == 0
    assert capsys.readouterr().out == '{"names": ["x", "z"]}'
    assert main([*command, '["x"]']) == 0
    assert capsys.readouterr().out == '{"code": "nul_byte", "row": 1, "params": {}}'
