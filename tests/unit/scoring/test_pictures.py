"""Masks handed in as a zip of PNG: read as masks, or refused with the name of the picture."""

import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from scoring import pictures
from scoring.engine import score_answer, validate_answer
from scoring.errors import InvalidSubmission
from scoring.formats import Format, detect_format
from scoring.keys import Keys
from scoring.messages import Message
from scoring.metrics.masks import read_mask
from scoring.unpacking import UnpackError, unpack
from tests.fuzz.targets import check_refusal
from tests.unit.scoring.tables_under_test import TABLE, scoring, table, write

MASKS = table(id={"type": "string"}, mask={"type": "string", "nullable": True})
DICE = scoring(
    {"key": "dice", "metric": "dice_mean", "target": ("mask", "h", "w"), "prediction": ("mask",)},
    {"key": "iou", "metric": "iou_pooled", "target": ("mask", "h", "w"), "prediction": ("mask",)},
)
TRUTH = "id,mask,h,w\na,2 2 5 1,3,2\nb,,1,4\n"
A = np.array([[0, 0], [255, 1], [7, 0]], np.uint8)  # down the columns: 2, 3 and 5
B = np.zeros((1, 4), np.uint8)


def png(pixels: np.ndarray, mode: str | None = None, **options: object) -> bytes:
    sink = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(sink, "PNG", **options)
    return sink.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return sink.getvalue()


GOOD = {"a.png": png(A), "b.png": png(B)}


def refusal(folder: Path, content: bytes) -> tuple[str, str]:
    keys = Keys({"id": np.array(["a", "b"], dtype=object)})
    with pytest.raises(InvalidSubmission) as caught:
        validate_answer(write(folder, content), MASKS, keys)
    first = caught.value.messages[0]
    assert first.render("zh-Hans")
    return first.code, first.render("en")


@pytest.mark.parametrize(
    "members",
    [
        GOOD,
        {"masks/b.PNG": png(B), "masks/a.png": png(A), "masks/": b"", "__MACOSX/._a.png": b"x"},
        {"a.png": png(A != 0), "b.png": png(B, "1"), ".DS_Store": b"x"},
    ],
)
def test_pictures_are_scored_as_the_masks_they_show(
    tmp_path: Path, members: Mapping[str, bytes]
) -> None:
    truth = write(tmp_path, TRUTH, "truth/truth.csv").parent
    path = write(tmp_path, zipped(members), "anything")

    assert detect_format(path) is Format.PICTURES
    assert validate_answer(path, MASKS, Keys.from_truths([truth], MASKS)) == ()
    found = score_answer(path, truth, MASKS, DICE)
    assert found.scores == {"dice": 1.0, "iou": 1.0}
    rows = score_answer(write(tmp_path, "id,mask\na,2 1\nb,4 1\n"), truth, MASKS, DICE)
    drawn = {"a.png": png((A == 255).astype(np.uint8)), "b.png": png(np.eye(1, 4, 3, np.uint8))}
    assert score_answer(write(tmp_path, zipped(drawn)), truth, MASKS, DICE).scores == rows.scores


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=30)
@given(st.integers(1, 9), st.integers(1, 9), st.randoms())
def test_runs_are_those_of_the_picture(height: int, width: int, random: object) -> None:
    rng = np.random.default_rng(hash(random) % 1000)
    mask = rng.random((height, width)) < 0.5
    found = read_mask(pictures._mask(png(mask), "x"))  # noqa: SLF001
    assert found.size == (height, width)
    flat = np.zeros(height * width, bool)
    for start, end in found.runs.tolist():
        flat[start - 1 : end - 1] = True
    assert (mask == flat.reshape(width, height).T).all()


@pytest.mark.parametrize("name", ["", ".", "..", "/", "//", "\0"])
def test_a_name_that_is_none_is_refused_as_one(tmp_path: Path, name: str) -> None:
    entry = zipfile.ZipInfo()
    entry.filename = entry.orig_filename = name
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.png", png(A))
        archive.writestr(entry, png(B))
    code, said = refusal(tmp_path, sink.getvalue())
    assert code in {"picture_not_png", "picture_name", "missing_ids"}
    assert said


def test_a_mask_of_another_size_than_its_picture_is_named(tmp_path: Path) -> None:
    truth = write(tmp_path, TRUTH, "truth/truth.csv").parent
    path = write(tmp_path, zipped({"a.png": png(A.T), "b.png": png(B)}))
    with pytest.raises(InvalidSubmission, match=r"“a” is 2 × 3 .* its picture is 3 × 2"):
        score_answer(path, truth, MASKS, DICE)
    rows = write(tmp_path, "id,mask\na,3x2: 2 2 5 1\nb,1x5:\n")
    with pytest.raises(InvalidSubmission, match=r"“b” is 1 × 5 .* its picture is 1 × 4"):
        score_answer(rows, truth, MASKS, DICE)


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"a.png": png(A, "P")}, "picture_kind", "a.png must be a grey PNG"),
        ({"a.png": png(A, "RGB")}, "picture_kind", "RGB"),
        ({"a.png": png(A, "RGBA")}, "picture_kind", "alpha"),
        ({"a.png": png(A, "LA")}, "picture_kind", "alpha"),
        ({"a.png": png(A.astype(np.uint16))}, "picture_kind", "16 bit"),
        ({"a.png": png(A, transparency=0)}, "picture_kind", "transparency"),
        ({"a.png": GOOD["a.png"][:-20]}, "picture_damaged", "a.png"),
        ({"a.png": GOOD["a.png"][:40]}, "picture_damaged", "a.png"),
        ({"a.png": b""}, "picture_not_png", "a.png"),
        ({"a.png": b"GIF89a"}, "picture_not_png", "a.png"),
        ({"a.jpg": b"x"}, "picture_not_png", "a.jpg"),
        ({"deep/notes.txt": b"x"}, "picture_not_png", "notes.txt"),
        ({"deep/a.png": GOOD["a.png"]}, "picture_repeated", "a"),
        ({"../a.png": GOOD["a.png"]}, "picture_name", "../a.png"),
        ({"x\x1by.png": GOOD["a.png"]}, "picture_name", "\ufffd"),
        ({"c\\a.png": GOOD["a.png"]}, "picture_name", "a.png"),
        ({"c.png": GOOD["a.png"]}, "extra_ids", "c"),
    ],
)
def test_what_is_no_mask_is_refused_by_name(
    tmp_path: Path, change: dict[str, bytes], code: str, named: str
) -> None:
    found, said = refusal(tmp_path, zipped({**GOOD, **change}))
    assert found == code
    assert named in said


def test_a_missing_picture_is_a_missing_key(tmp_path: Path) -> None:
    assert refusal(tmp_path, zipped({"a.png": GOOD["a.png"]}))[0] == "missing_ids"


def head(width: int, height: int) -> bytes:
    data = bytearray(png(np.zeros((1, 1), np.uint8)))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("width", "height"), [(1 << 15, 1), (10_000, 10_000), (0, 5), (1 << 31, 1)]
)
def test_a_picture_beyond_reason_is_refused_before_it_is_drawn(
    tmp_path: Path, width: int, height: int
) -> None:
    found, said = refusal(tmp_path, zipped({**GOOD, "a.png": head(width, height)}))
    assert found == "picture_pixels"
    assert "a.png" in said


def test_a_bomb_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_FILE", 1000)
    path = write(tmp_path, zipped({"a.png": bytes(1 << 20)}))
    with pytest.raises(UnpackError) as caught:
        unpack("pictures", path, tmp_path / "sink", ["id", "mask"])
    assert caught.value.params == {"name": "a.png", "limit": 1000}


@pytest.mark.parametrize(
    ("limit", "code"), [("MAX_PICTURES", "picture_count"), ("MAX_RUNS", "picture_runs")]
)
def test_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, code: str
) -> None:
    monkeypatch.setattr(pictures, limit, 1)
    path = write(tmp_path, zipped(GOOD))
    with pytest.raises(UnpackError) as caught:
        unpack("pictures", path, tmp_path / "sink", ["id", "mask"])
    assert caught.value.reason == code


def test_names_of_chinese_windows_are_read(tmp_path: Path) -> None:
    content = zipped({"abcd.png": GOOD["a.png"]}).replace(b"abcd", "焊点".encode("gbk"))
    sink = tmp_path / "sink"
    unpack("pictures", write(tmp_path, content), sink, ["id", "mask"])
    assert pa.ipc.open_file(str(sink)).read_all()["id"].to_pylist() == ["焊点"]


def test_tables_that_are_not_masks_take_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(InvalidSubmission) as caught:
        validate_answer(write(tmp_path, zipped(GOOD)), TABLE, None)
    assert caught.value.messages[0].code == "archive_not_csv"


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_byte_changed_is_a_mask_or_a_refusal(place: int, value: int) -> None:
    content = bytearray(zipped(GOOD))
    content[place % len(content)] = value
    with tempfile.TemporaryDirectory() as folder:
        path, sink = write(Path(folder), bytes(content)), Path(folder) / "sink"
        try:
            unpack("pictures", path, sink, ["id", "mask"])
        except UnpackError as error:
            check_refusal((Message(error.reason, {"format": "ZIP of PNG", **error.params}),))
            return
        for cell in pa.ipc.open_file(str(sink)).read_all()["mask"].to_pylist():
            read_mask(cell)
