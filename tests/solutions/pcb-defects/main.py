"""Stronger solution: measure every blob near the centre of a patch, then boosted trees.

The patch is evened out and cut into copper and laminate. Opening the copper leaves what is too thin
to be a trace (spurs, bridges, islands), closing it shows what is too small to be a gap (cuts,
bites, holes). Each such blob is measured: its size, its place, how many pieces of copper it touches
and in how many arcs, which is what tells a bridge from a spur and a cut from a bite. Grey top-hats
in both directions of the traces complete the features.
"""

import io
import os
import zipfile
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Image2 = NDArray[np.float64]
Mask = NDArray[np.bool_]

HALF = 30  # half of the side of the window that is looked at
INNER = slice(HALF - 12, HALF + 12)
NEAR = 12.0  # how far from the centre a blob may lie
WINDOWS = (3, 5, 7, 9, 11)
EIGHT = np.ones((3, 3), dtype=bool)
MEASURES = 12


def disc(radius: int) -> Mask:
    """Return a round structuring element."""
    axis = np.arange(-radius, radius + 1)
    return np.hypot(axis[:, None], axis) <= radius + 0.3


def even_out(image: Image2) -> Image2:
    """Return the middle of the image, with laminate about 0 and copper about 1."""
    image = image / ndimage.gaussian_filter(image, 24, mode="nearest")
    image = ndimage.gaussian_filter(image, 0.7)
    dark, bright = np.percentile(image, (15, 97))
    for _ in range(6):  # two-class means, as Ridler and Calvard do
        cut = (dark + bright) / 2
        dark, bright = np.median(image[image <= cut]), np.median(image[image > cut])
    middle = slice(48 - HALF, 48 + HALF)
    return ((image - dark) / (bright - dark))[middle, middle]


def measure_blob(blob: Mask, copper: Mask, pieces: NDArray[np.int32]) -> list[float]:
    """Return size, shape and contacts of one blob; all windows are cut alike around it."""
    ring = ndimage.binary_dilation(blob, EIGHT) & ~blob
    wide = ndimage.binary_dilation(blob, EIGHT, 2) & ~blob
    touched = np.unique(pieces[wide])
    rows, columns = (np.flatnonzero(blob.any(axis=a)) for a in (1, 0))
    sides = sorted((float(np.ptp(rows)) + 1, float(np.ptp(columns)) + 1))
    return [
        float(blob.sum()),
        *sides,
        blob.sum() / (sides[0] * sides[1]),
        float(copper[ring].mean()),
        float(np.count_nonzero(touched)),
        float(ndimage.label(copper & ring, EIGHT)[1]),
        float(ndimage.label(~copper & ring, EIGHT)[1]),
        float(ndimage.distance_transform_cdt(np.pad(blob, 1)).max()),
    ]


def blobs(rest: Mask, image: Image2, copper: Mask, body: Mask) -> list[float]:
    """Measure the two largest blobs of `rest` near the centre."""
    labels, _ = ndimage.label(rest, EIGHT)
    pieces, _ = ndimage.label(body)
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        y, x = ((side.start + side.stop - 1) / 2 - HALF + 0.5 for side in box)
        around = tuple(slice(max(side.start - 3, 0), side.stop + 3) for side in box)
        blob = labels[around] == number
        if max(abs(y), abs(x)) <= NEAR and blob.sum() > 1:
            shape = measure_blob(blob, copper[around], pieces[around])
            levels = [float(image[around][blob].mean()), *sorted((abs(y), abs(x)))]
            found.append(shape + levels)
    found.sort(key=lambda values: -values[0])
    flat = [value for values in found[:2] for value in values]
    return [float(len(found)), *flat, *[0.0] * (2 * MEASURES - len(flat))]


def islands(mask: Mask) -> list[float]:
    """Count and measure the pieces of a mask that reach the centre but not the rim."""
    labels, _ = ndimage.label(mask)
    near = np.setdiff1d(labels[HALF - 14 : HALF + 14, HALF - 14 : HALF + 14], [0])
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    areas = sorted(np.bincount(labels.ravel())[np.setdiff1d(near, rim)].astype(float))
    return [float(len(near)), float(len(areas)), *(areas + [0.0] * 3)[:3]]


def top_hats(image: Image2) -> list[float]:
    """Return how strongly thin bright and dark detail answers near the centre."""
    features = []
    for size in WINDOWS:
        for top_hat in (ndimage.white_tophat, ndimage.black_tophat):
            found = [top_hat(image, size=s)[INNER, INNER] for s in ((1, size), (size, 1))]
            found.sort(key=np.max)
            for answer in (top_hat(image, size=(size, size))[INNER, INNER], *found):
                features += [answer.max(), answer.sum(), np.count_nonzero(answer > 0.4)]
    return features


def describe(image: Image2) -> list[float]:
    """Return all features of one patch."""
    image = even_out(image)
    copper = image > 0.5
    features = top_hats(image)
    for radius in (2, 3):
        body = ndimage.binary_opening(copper, disc(radius))
        features += blobs(copper & ~body, image, copper, body)
    for radius in (2, 3, 4, 5):
        wide = np.pad(copper, 8, mode="edge")
        closed = ndimage.binary_closing(wide, disc(radius))[8:-8, 8:-8]
        features += blobs(closed & ~copper, image, copper, copper)
    return features + islands(copper) + islands(~copper)


def read_features(archive: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Return the ids and the features of the patches of an archive."""
    with zipfile.ZipFile(archive) as patches:
        names = sorted(patches.namelist())
        images = (Image.open(io.BytesIO(patches.read(name))) for name in names)
        rows = [describe(np.asarray(image, dtype=float)) for image in images]
    return [Path(name).stem for name in names], np.array(rows)


def main() -> None:
    """Learn from the training patches and label the test patches."""
    source, target = Path(os.environ["INPUT_DIR"]), Path(os.environ["OUTPUT_DIR"])
    labels = pd.read_csv(source / "train.csv", index_col="id")["label"]
    ids, features = read_features(source / "train.zip")
    model = lgb.LGBMClassifier(
        n_estimators=300,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=10,
        class_weight="balanced",
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.3,
        random_state=int(os.environ.get("SEED", "0")) % 2**31,
        n_jobs=1,
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
    )
    model.fit(features, labels.loc[ids].to_numpy())
    ids, features = read_features(source / "test.zip")
    chances = np.asarray(model.booster_.predict(features))
    classes = model.classes_
    answer = pd.DataFrame(
        {
            "id": ids,
            "label": classes[chances.argmax(axis=1)],
            "defect_score": 1 - chances[:, list(classes).index("ok")],
        }
    )
    answer.to_csv(target / "predictions.csv", index=False, float_format="%.6f")


if __name__ == "__main__":
    main()
