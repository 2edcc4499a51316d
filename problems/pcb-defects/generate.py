"""Write the data folder of the bare-board defect problem: `generate.py --seed N --out DIR`.

`board.py` routes copper, `defects.py` spoils it, `camera.py` etches and photographs it; their
docstrings cite what the simulation rests on. Board A is drawn like the training data. On board B
half of the patches show a second, paler laminate with about two fifths of the contrast, which the
training data never shows.

Every patch has a random stream of its own, spawned from the seed (any non-negative integer), and no
file carries a time stamp, so that the bytes depend on the seed alone.
"""

import argparse
import csv
import io
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from camera import GREEN, PALE, Finish, etch, photograph
from defects import draw_copper
from PIL import Image

CLASSES = ("ok", "open", "short", "mousebite", "spur", "pinhole", "copper")
TRAIN_COUNTS = (1500, 240, 240, 380, 300, 190, 150)
TEST_COUNTS = (600, 96, 96, 152, 120, 76, 60)
SHARE_A = 0.3
SHARE_PALE = 0.5  # of board B
CALLED_FOR_DUST = (0.1, 0.6)  # share of defective and of good patches with dust at the centre
INPUT_FILES = ("train.csv", "train.zip", "test.zip", "sample_predictions.csv")


def take_patch(label: str, finish: Finish, stream: np.random.SeedSequence) -> bytes:
    """Return one patch as a PNG file."""
    rng = np.random.default_rng(stream)
    called = rng.random() < CALLED_FOR_DUST[label == "ok"]
    image = photograph(etch(draw_copper(label, rng), rng), finish, rng, called=called)
    memory = io.BytesIO()
    Image.fromarray(image).save(memory, "PNG", compress_level=4)
    return memory.getvalue()


def write_zip(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into an archive that carries no time stamps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table with Unix line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def shuffled_labels(counts: Iterable[int], rng: np.random.Generator) -> list[str]:
    """Return the labels in random order, `counts` of each class."""
    labels = [label for label, count in zip(CLASSES, counts, strict=True) for _ in range(count)]
    return [labels[i] for i in rng.permutation(len(labels))]


def split_boards(labels: list[str], rng: np.random.Generator) -> list[str]:
    """Deal every class out to the boards A and B in the agreed shares."""
    boards = ["B"] * len(labels)
    for label in CLASSES:
        rows = [i for i, found in enumerate(labels) if found == label]
        for i in rng.permutation(rows)[: round(SHARE_A * len(rows))]:
            boards[i] = "A"
    return boards


def shoot(
    ids: list[str], labels: list[str], finishes: list[Finish], stream: np.random.SeedSequence
) -> Iterator[tuple[str, bytes]]:
    """Take one patch after the other, each from a stream of its own."""
    streams = stream.spawn(len(ids))
    for item, label, finish, own in zip(ids, labels, finishes, streams, strict=True):
        yield f"{item}.png", take_patch(label, finish, own)


def write_train(public: Path, stream: np.random.SeedSequence) -> None:
    """Write the labelled patches."""
    plan, patches = stream.spawn(2)
    labels = shuffled_labels(TRAIN_COUNTS, np.random.default_rng(plan))
    ids = [f"train-{i:04d}" for i in range(len(labels))]
    write_csv(public / "train.csv", ("id", "label"), zip(ids, labels, strict=True))
    write_zip(public / "train.zip", shoot(ids, labels, [GREEN] * len(ids), patches))


def write_test(out: Path, stream: np.random.SeedSequence) -> None:
    """Write the unlabelled patches, an example answer, and the truth of both boards."""
    plan, patches = stream.spawn(2)
    rng = np.random.default_rng(plan)
    labels = shuffled_labels(TEST_COUNTS, rng)
    boards, pale = split_boards(labels, rng), rng.random(len(labels)) < SHARE_PALE
    finishes = [PALE if b == "B" and p else GREEN for b, p in zip(boards, pale, strict=True)]
    ids = [f"test-{i:04d}" for i in range(len(labels))]
    write_zip(out / "public/test.zip", shoot(ids, labels, finishes, patches))
    example = ((item, "ok", 0) for item in ids)
    write_csv(out / "public/sample_predictions.csv", ("id", "label", "defect_score"), example)
    for board in "AB":
        rows = ((i, v) for i, v, b in zip(ids, labels, boards, strict=True) if b == board)
        write_csv(out / board / "truth/truth.csv", ("id", "label"), rows)


def generate(seed: int, out: Path) -> None:
    """Write the whole data folder for one seed."""
    train, test = np.random.SeedSequence(seed).spawn(2)
    write_train(out / "public", train)
    write_test(out, test)
    (out / "input").mkdir(parents=True, exist_ok=True)
    for name in INPUT_FILES:
        shutil.copyfile(out / "public" / name, out / "input" / name)
    shutil.copyfile(Path(__file__).with_name("data.md"), out / "public/README.md")


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    generate(arguments.seed, arguments.out)


if __name__ == "__main__":
    main()
