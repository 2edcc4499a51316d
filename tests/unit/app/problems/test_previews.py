"""Previews are small and plain whatever the file is."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.problems.previews import make_preview

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def test_a_table_has_types_distributions_and_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    rows = [
        f"r{at},{at % 4},{at / 2},{'ok' if at % 3 else 'open'},2026-01-{1 + at:02},{at}\n"
        for at in range(20)
    ]
    path.write_text("\ufeffid,whole,size,label,day,gap\n" + "".join(rows).replace(",19\n", ",\n"))
    preview = make_preview(path)
    assert preview is not None
    assert (preview["rows"], preview["more_rows"], len(preview["head"])) == (20, False, 5)
    columns = {one["name"]: one for one in preview["columns"]}
    assert [one["type"] for one in preview["columns"]] == [
        "text",
        "integer",
        "number",
        "category",
        "date",
        "integer",
    ]
    assert sum(columns["size"]["bars"]) == 20
    assert (columns["size"]["least"], columns["size"]["most"]) == (0.0, 9.5)
    assert columns["label"]["top"] == [["ok", 13], ["open", 7]]
    assert columns["gap"]["missing"] == 1
    assert columns["id"]["distinct"] == 20


def test_wide_long_and_odd_tables_stay_small(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{at}" for at in range(100)) + "\n" + "x" * 5000 + "\n1,2\n")
    preview = make_preview(path)
    assert preview is not None
    assert preview["more_columns"] == 60
    assert len(json.dumps(preview)) < 10_000
    path.write_text("a,b\n1,nan\n2,1e400\n3,-inf\n")
    preview = make_preview(path)
    assert preview is not None
    json.dumps(preview, allow_nan=False)
    assert "bars" not in preview["columns"][1]


def test_text_arrays_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# 数据\n" * 1000)
    text = make_preview(tmp_path / "README.md")
    assert text is not None
    assert (text["cut"], len(text["text"])) == (True, 1500)
    np.savez(tmp_path / "x.npz", signal=np.zeros((3, 4), dtype=np.float32))
    assert make_preview(tmp_path / "x.npz") == {
        "kind": "arrays",
        "arrays": [["signal", [3, 4], "float32"]],
    }
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        for at in range(40):
            archive.writestr(f"images/{at}.png", PNG)
        archive.writestr("evil.png", b"<svg onload=alert(1)>")
        archive.writestr("large.png", PNG + b"0" * (25 << 10))
    packed = make_preview(tmp_path / "train.zip")
    assert packed is not None
    assert packed["files"] == 42
    assert 1 <= len(packed["pictures"]) <= 8
    assert all(one["data"].startswith("data:image/png;base64,") for one in packed["pictures"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.zip", b"no zip"),
        ("broken.npz", b"PK\x03\x04"),
        ("empty.csv", b""),
        ("page.html", b"<script>alert(1)</script>"),
        ("fake.png", b"<svg/>"),
        ("large.png", PNG + b"0" * (25 << 10)),
    ],
)
def test_what_cannot_be_shown_has_no_preview(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert make_preview(tmp_path / name) is None
