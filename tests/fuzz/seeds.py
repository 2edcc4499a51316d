"""Where fuzzing starts: small inputs of every kind, made by code."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

MODES = {"link": 0o120777, "fifo": 0o010644, "plain": 0o100755, "none": 0}


def zips() -> list[bytes]:
    shapes: list[dict[str, bytes]] = [
        {"main.py": b"print(1)\n"},
        {"top/main.py": b"x" * 300, "top/lib/a.py": b"y", "top/data.csv": b"id\n1\n"},
        {"a/": b"", "a/b/": b"", "a/b/c": b"z" * 5000},
        {"A.txt": b"1", "b/\u4e2d\u6587.csv": b"2", "__MACOSX/._A.txt": b"3"},
        {"run.sh": b"true", "zeros": bytes(60_000)},
    ]
    made = [pack(shape, method, "none") for shape in shapes for method in (0, 8)]
    made += [pack(shapes[0], 8, mode) for mode in MODES]
    hostile = ("../up", "/root", "a\\b", "c:/x", "x" * 300, "d/" * 9 + "x", " ", "a\x1bb")
    return [*made, *(pack({name: b"x"}, 8, "none") for name in hostile)]


def pack(files: Mapping[str, bytes], method: int, mode: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = MODES[mode] << 16
            info.compress_type = method
            made.writestr(info, content)
    return buffer.getvalue()


def tars() -> list[bytes]:
    kinds = {
        "plain": tarfile.REGTYPE,
        "folder": tarfile.DIRTYPE,
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
        "fifo": tarfile.FIFOTYPE,
        "device": tarfile.CHRTYPE,
        "sparse": tarfile.GNUTYPE_SPARSE,
        "continued": tarfile.CONTTYPE,
    }
    names = ("output/answer.csv", "output/deep/answer.csv", "output/../up", "/output/x", "output")
    long = "output/" + "n" * 180
    made = [tar({name: kind}, form) for kind in kinds.values() for name in names for form in (1, 2)]
    made += [tar({long: tarfile.REGTYPE, names[0]: tarfile.LNKTYPE}, form) for form in (1, 2)]
    made.append(tar(dict.fromkeys([f"output/{number}" for number in range(60)], b"0"), 2))
    return made


def tar(entries: Mapping[str, bytes], form: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as made:
        for name, kind in entries.items():
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, 100 if kind == tarfile.REGTYPE else 0
            info.linkname = "output/answer.csv"
            made.addfile(info, io.BytesIO(bytes(info.size)))
    return buffer.getvalue()


def folders() -> list[bytes]:
    return [bytes(range(start, 256, 3)) for start in range(12)] + [bytes([2, 1, 3, 1] * 40)]


def results() -> list[bytes]:
    good: dict[str, object] = {"status": "ok", "scores": {"cost": 1.5}, "cases": [{"id": "a"}]}
    refusal = {"status": "invalid_submission", "messages": [{"code": "row_missing", "params": {}}]}
    texts = [json.dumps(each) for each in (good, refusal, {"status": "error", "reason": "x"})]
    numbers = ("NaN", "-Infinity", "1e999", "1" * 1100, "true", '"inf"', "-0.0", "1E-400")
    texts += [texts[0].replace("1.5", number) for number in numbers]
    texts += [texts[0].replace('"a"', value) for value in ('"\\u0000\\ud800"', "[[[]]]", "1e999")]
    texts += ['{"status": "ok", "status": "ok"}', "[" * 50, '{"a": ' * 20 + "1" + "}" * 20]
    return [text.encode() for text in texts]


def logs() -> list[bytes]:
    return [
        b"plain\nlines\r\nand\rmore\n",
        b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
        "中文 \u202eabc\u2066 \ufeff".encode(),
        b"\xff\xfe\xf0\x9f\x98 \xed\xa0\x80 \xc0\xaf",
        b"\x1bP never ended",
        b"\x1b" * 20 + b"[" * 20,
        bytes(range(256)),
    ]


def text_tables() -> list[bytes]:
    rows = "id,n,score\na,1,0.5\nb,2,1\n"
    objects = [{"id": "a", "n": 1, "score": 0.5}, {"id": "b", "n": None, "score": 1e-9}]
    lines = "\n".join(map(json.dumps, objects))
    texts = [rows, rows.replace("\n", "\r\n"), rows.replace(",", "\t"), "\ufeff" + rows]
    texts += [rows.replace("a", '"a,\n"'), "[]", json.dumps(objects), json.dumps(objects, indent=1)]
    chinese = rows.replace("a", "焊点").encode("gb18030")
    return [*(text.encode() for text in (*texts, lines)), chinese, chinese + b"\xd6\xd0"]


def binary_tables() -> list[bytes]:
    columns = {"id": ["a", "b", "c"], "score": [0.5, None, 1], "x": [[1], [], None]}
    table = pa.table(columns)
    coded = pa.table({**columns, "id": pa.array(columns["id"]).dictionary_encode()})
    views = pa.table({**columns, "id": pa.array(["a", "b" * 20, None], pa.string_view())})
    sinks = [io.BytesIO() for _ in range(8)]
    pq.write_table(table, sinks[0])
    pq.write_table(
        table, sinks[1], compression="none", use_dictionary=False, data_page_version="2.0"
    )
    for sink, make, each in zip(
        sinks[2:6],
        (pa.ipc.new_file, pa.ipc.new_stream) * 2,
        (table, coded, coded, views),
        strict=True,
    ):
        options = pa.ipc.IpcWriteOptions(compression="zstd" if each is table else None)
        with make(sink, each.schema, options=options) as writer:
            writer.write_table(each)
    np.savez(sinks[6], id=np.array(columns["id"]), score=np.array([0.5, 0, 1]))
    np.savez_compressed(sinks[7], id=np.array([b"a", b"b"]), score=np.array([1, 2], ">i2"))
    return [sink.getvalue() for sink in sinks]


def masks() -> list[bytes]:
    drawn = np.array([[0, 255, 0], [9, 0, 0]], np.uint8)
    found = []
    for mode in ("L", "1", "P", "LA", "RGBA", "I;16"):
        sink = io.BytesIO()
        Image.fromarray(drawn).convert(mode).save(sink, "PNG")
        shape = {"a.png": sink.getvalue(), "b/c.png": sink.getvalue()}
        found += [pack(shape, method, "none") for method in (0, 8)]
    return found


SEEDS: Mapping[str, Callable[[], list[bytes]]] = {
    "archive": zips,
    "engine_tar": tars,
    "output_folder": folders,
    "scorer_result": results,
    "printed": logs,
    "text_table": text_tables,
    "binary_table": binary_tables,
    "masks": masks,
}
