"""Envelope spectra read at the bearing's own orders, and gradient-boosted trees on top.

In several frequency bands the spectrum of the envelope is read at the first harmonics of the
defect frequencies, at their sidebands and at shaft speed, relative to the local background.
Everything is in orders of the shaft, so the features mean the same at speeds and loads that
training never saw.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE = 12_800
PADDED = 16_384
STEP = RATE / PADDED  # Hz per line of a padded spectrum
BANDS = ((800, 6300), (1200, 2400), (1800, 3200), (2600, 4000), (3400, 5000), (4200, 6300))
BALLS, RATIO = 9, 7.94 / 39.04
CAGE = 0.5 * (1 - RATIO)
OUTER = BALLS * CAGE
# Impacts per turn, and the order at which their height is modulated.
KINDS = ((OUTER, 0.0), (BALLS - OUTER, 1.0), ((1 - RATIO**2) / RATIO, CAGE))
TEETH = 23
MODELS = 3


def envelope(signals: Array, low: float, high: float) -> Array:
    """Return the envelope of every signal within one band."""
    length = signals.shape[1]
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    analytic = np.zeros(signals.shape, dtype=complex)
    kept = (frequency >= low) & (frequency < high)
    analytic[:, : len(frequency)] = np.fft.rfft(signals, axis=1) * kept
    return np.abs(np.fft.ifft(analytic, axis=1))


def amplitudes(signals: Array) -> Array:
    """Return zero-padded amplitude spectra of standardised signals."""
    signals = signals - signals.mean(axis=1, keepdims=True)
    signals /= signals.std(axis=1, keepdims=True)
    return np.abs(np.fft.rfft(signals * np.hanning(signals.shape[1]), PADDED, axis=1))


def peak(spectra: Array, frequency: Array) -> Array:
    """Return the largest amplitude within about 1.5 % of one frequency per spectrum."""
    width = 0.25 * np.maximum(1.0, 0.0075 * frequency / STEP)
    lines = frequency[:, None] / STEP + np.arange(-4, 5) * width[:, None]
    lines = np.clip(np.round(lines).astype(int), 0, spectra.shape[1] - 1)
    return np.take_along_axis(spectra, lines, axis=1).max(axis=1)


def order_features(spectra: Array, shaft: Array) -> list[Array]:
    """Return how far an envelope spectrum stands out at each defect's orders."""
    background = np.median(spectra[:, int(20 / STEP) : int(800 / STEP)], axis=1)

    def height(order: float) -> Array:
        return peak(spectra, shaft * order) / background

    found = [height(order) for order in (1.0, 2.0, 3.0, CAGE)]
    for rate, carrier in KINDS:
        harmonics = [height(rate * n) for n in (1, 2, 3, 4)]
        found += [*harmonics[:3], np.sum(harmonics, axis=0)]
        for away in (1, 2) if carrier else ():
            sides = [rate * n + sign * away * carrier for n in (1, 2) for sign in (-1, 1)]
            found.append(np.sum([height(order) for order in sides], axis=0))
    return found


def features(path: Path, speed_rpm: Array) -> Array:
    """Return the features of every window, shape (windows, features)."""
    signals = np.load(path)["signals"].astype(np.float64)
    shaft = speed_rpm / 60
    found = []
    for band in BANDS:
        power = envelope(signals, *band) ** 2
        mean = power.mean(axis=1)
        found += order_features(amplitudes(power), shaft)
        found += order_features(amplitudes(np.log(power + 1e-9)), shaft)
        found += [(power**2).mean(axis=1) / mean**2, np.log(mean)]
    raw = np.abs(np.fft.rfft(signals * np.hanning(signals.shape[1]), PADDED, axis=1))
    lines = [np.log(peak(raw, shaft * order)) for order in (1, 2, 3, TEETH, 2 * TEETH)]
    # The force of an unbalance grows with the square of the speed.
    return np.column_stack([*found, *lines, lines[0] - 2 * np.log(shaft)])


def main() -> None:
    """Train on train.npz, answer every window of test.csv."""
    source = Path(os.environ["INPUT_DIR"])
    train, test = pd.read_csv(source / "train.csv"), pd.read_csv(source / "test.csv")
    known = features(source / "train.npz", train["speed_rpm"].to_numpy())
    asked = features(source / "test.npz", test["speed_rpm"].to_numpy())
    settings = {"n_estimators": 300, "learning_rate": 0.04, "num_leaves": 15}
    settings |= {"min_child_samples": 15, "colsample_bytree": 0.3, "subsample": 0.7}
    settings |= {"subsample_freq": 1, "n_jobs": 1, "deterministic": True, "verbose": -1}
    models = [LGBMClassifier(**settings, random_state=n) for n in range(MODELS)]
    chance = sum(m.fit(known, train["label"]).predict_proba(asked) for m in models)
    test["label"] = models[0].classes_[chance.argmax(axis=1)]
    output = Path(os.environ["OUTPUT_DIR"]) / "predictions.csv"
    test[["id", "label"]].to_csv(output, index=False)
    print(f"{len(test)} windows, {known.shape[1]} features")


if __name__ == "__main__":
    main()
