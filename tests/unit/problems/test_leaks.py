"""A table of ways to leak a truth: each must be found, and honest data must not be accused."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from problems.leaks import find_leaks
from problems.pack import Pack, load_pack
from tests.unit.problems.packs_under_test import tabular_pack

RNG = np.random.default_rng(11)
COUNT = 300
IDS = [f"r{number:04d}" for number in RNG.permutation(9000)[:COUNT]]
LABELS = RNG.choice(["ok", "bad"], COUNT, p=[0.95, 0.05]).tolist()
FEATURE = RNG.normal(size=COUNT).round(6).tolist()
VALUES = RNG.normal(size=COUNT).round(6).tolist()


def table(**columns: Sequence[object]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return buffer.getvalue()


def honest(data: Path) -> None:
    put(data, "A/truth/truth.csv", table(id=IDS, label=LABELS))
    put(data, "public/test.csv", table(id=IDS, x=FEATURE))
    put(
        data,
        "public/sample_predictions.csv",
        table(id=IDS, label=["ok"] * COUNT, score=[0.5] * COUNT),
    )
    put(data, "public/guess.csv", table(id=IDS, label=RNG.permutation(LABELS).tolist()))


def put(data: Path, name: str, content: str | bytes) -> None:
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def copied(data: Path) -> None:
    put(data, "public/notes.txt", table(id=IDS, label=LABELS))


def zipped(data: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inner/x", table(id=IDS, label=LABELS))
    put(data, "public/pictures.zip", buffer.getvalue())


def zipped_with_damage(data: Path) -> None:
    zipped(data)
    picture = data / "public/pictures.zip"
    picture.write_bytes(picture.read_bytes().replace(b"inner/x", b"inner/y", 1))


def in_a_column(data: Path) -> None:
    put(data, "public/extra.csv", table(id=IDS[::-1], x=FEATURE, label=LABELS[::-1]))


def renamed(data: Path) -> None:
    codes = [17 if label == "bad" else 4 for label in LABELS]
    put(data, "input/meta.csv", table(name=IDS, colour=codes))


def beside_the_arrays(data: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, id=np.array(IDS), y=np.array([label == "bad" for label in LABELS]))
    put(data, "A/input/windows.npz", buffer.getvalue())


def by_position(data: Path) -> None:
    put(data, "public/y.csv", table(y=LABELS))


def as_json(data: Path) -> None:
    records = ",".join(f'{{"id": "{i}", "k": "{y}"}}' for i, y in zip(IDS, LABELS, strict=True))
    put(data, "public/meta.json", f"[{records}]")


def in_the_ids(data: Path) -> None:
    ids = [f"r{n:04d}" for n in range(COUNT)]
    put(data, "A/truth/truth.csv", table(id=ids, label=sorted(LABELS)))


def in_the_rows(data: Path) -> None:
    order = sorted(range(COUNT), key=lambda row: LABELS[row])
    put(data, "input/test.csv", table(id=[IDS[n] for n in order], x=FEATURE))


LEAKS = {
    copied: "truth_copied",
    zipped: "truth_copied",
    in_a_column: "column_leak",
    renamed: "column_leak",
    beside_the_arrays: "column_leak",
    by_position: "column_leak",
    as_json: "column_leak",
    in_the_ids: "order_leak",
    in_the_rows: "order_leak",
}


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(tabular_pack(tmp_path / "pack"))


def test_a_damaged_zip_is_no_leak_and_no_crash(pack: Pack, tmp_path: Path) -> None:
    data = tmp_path / "data"
    honest(data)
    zipped_with_damage(data)
    assert list(find_leaks(pack, data)) == []


def test_honest_data_are_not_accused(pack: Pack, tmp_path: Path) -> None:
    honest(tmp_path / "data")

    assert list(find_leaks(pack, tmp_path / "data")) == []


@pytest.mark.parametrize(
    ("leak", "code"), LEAKS.items(), ids=lambda part: getattr(part, "__name__", part)
)
def test_a_leak_is_found(
    pack: Pack, tmp_path: Path, leak: Callable[[Path], None], code: str
) -> None:
    honest(tmp_path / "data")
    leak(tmp_path / "data")
    found = list(find_leaks(pack, tmp_path / "data"))

    assert code in {finding.code for finding in found}
    for finding in found:
        assert finding.render("zh-Hans") != finding.render("en")


@pytest.mark.parametrize(
    ("shown", "is_leak"),
    [
        (VALUES, True),
        ([round(2 * value + 3, 6) for value in VALUES], True),
        (FEATURE, False),
        ([value + noise for value, noise in zip(VALUES, FEATURE, strict=True)], False),
    ],
)
def test_numbers_leak_when_equal_or_on_a_line(
    pack: Pack, tmp_path: Path, shown: list[float], is_leak: bool
) -> None:
    put(tmp_path / "data", "A/truth/truth.csv", table(id=IDS, y=VALUES))
    put(tmp_path / "data", "public/test.csv", table(id=IDS, z=shown))

    assert bool(list(find_leaks(pack, tmp_path / "data"))) is is_leak


def test_numbers_that_grow_with_the_id_leak(pack: Pack, tmp_path: Path) -> None:
    ids = [f"r{n}" for n in range(COUNT)]
    put(tmp_path / "data", "A/truth/truth.csv", table(id=ids, y=sorted(VALUES)))

    assert {finding.code for finding in find_leaks(pack, tmp_path / "data")} == {"order_leak"}


def test_what_is_no_table_is_passed_over(pack: Pack, tmp_path: Path) -> None:
    honest(tmp_path / "data")
    for name in ("a.npz", "b.json", "c.parquet", "d.png", "e.csv", "f.zip"):
        put(tmp_path / "data", f"public/{name}", b"\xff\x00nonsense")

    assert list(find_leaks(pack, tmp_path / "data")) == []
