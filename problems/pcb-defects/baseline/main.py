"""Baseline: top-hat filters around the centre of a patch, and a linear classifier.

A white top-hat keeps bright detail narrower than its window (spurs, bridges, islands), a black
top-hat dark detail (gaps, bites, holes). How strongly each answers near the centre of the patch,
over several window sizes, is all that the classifier sees. The contrast is evened out first, so
that the features mean the same on a board of another colour.
"""

import csv
import io
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

WINDOWS = (3, 5, 7, 9, 11)
CENTRE = slice(34, 62)  # the machine centres a patch on its call to within a few pixels
AROUND = slice(22, 74)


def read_patches(archive: Path) -> tuple[list[str], list[NDArray[np.float64]]]:
    """Return the ids and the grey images of an archive."""
    with zipfile.ZipFile(archive) as patches:
        names = sorted(patches.namelist())
        images = [Image.open(io.BytesIO(patches.read(name))) for name in names]
    return [Path(name).stem for name in names], [np.asarray(i, dtype=float) for i in images]


def even_out(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide by the lighting and stretch, so that laminate is about 0 and copper about 1."""
    flat = ndimage.gaussian_filter(image / ndimage.gaussian_filter(image, 24), 0.7)
    dark, bright = np.percentile(flat, (15, 90))
    return (flat - dark) / (bright - dark)


def describe(image: NDArray[np.float64]) -> list[float]:
    """Return the features of one patch."""
    patch = even_out(image)[AROUND, AROUND]
    inner = slice(CENTRE.start - AROUND.start, CENTRE.stop - AROUND.start)
    features = []
    for size in WINDOWS:
        for top_hat in (ndimage.white_tophat, ndimage.black_tophat):
            square = top_hat(patch, size=(size, size))[inner, inner]
            lines = [top_hat(patch, size=s)[inner, inner] for s in ((1, size), (size, 1))]
            features += [square.max(), square.mean()]
            features += sorted(line.max() for line in lines)  # whichever way the traces run
            features += sorted(line.mean() for line in lines)
    return features


def main() -> None:
    """Learn from the training patches and label the test patches."""
    source, target = Path(os.environ["INPUT_DIR"]), Path(os.environ["OUTPUT_DIR"])
    with (source / "train.csv").open(encoding="utf-8", newline="") as stream:
        labels = {row["id"]: row["label"] for row in csv.DictReader(stream)}
    ids, patches = read_patches(source / "train.zip")
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.3, class_weight="balanced", max_iter=1000)
    )
    model.fit([describe(patch) for patch in patches], [labels[item] for item in ids])

    ids, patches = read_patches(source / "test.zip")
    chances = model.predict_proba([describe(patch) for patch in patches])
    best, ok = chances.argmax(axis=1), list(model.classes_).index("ok")
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "label", "defect_score"])
        for item, label, chance in zip(ids, model.classes_[best], chances[:, ok], strict=True):
            writer.writerow([item, label, f"{1 - chance:.6f}"])


if __name__ == "__main__":
    main()
