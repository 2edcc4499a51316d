"""Simulate vibration windows of motor-gearbox units with healthy and damaged bearings.

Usage: ``python generate.py --seed N --out DIR``. The same seed gives the same bytes.

Each window (0.16 s at 12.8 kHz) comes from a unit of its own and is the sum of

* the defect: impacts at the rate that follows from the bearing's geometry (outer race, inner race,
  twice the spin of a ball), their height modulated as the defect passes the load zone (McFadden &
  Smith 1984, "Model for the vibration produced by a single point defect in a rolling element
  bearing", J. Sound and Vibration 96:69). Slip of the rolling elements makes every interval random
  by 1-3 % (Antoni & Randall 2003, "A stochastic model for simulation and diagnostics of rolling
  element bearings with localized faults", J. Vibration and Acoustics 125:282). Every impact rings
  two resonances of the housing down; a review is Randall & Antoni 2011, "Rolling element bearing
  diagnostics: a tutorial", Mechanical Systems and Signal Processing 25:485;
* shaft harmonics; the force of an unbalance grows with the square of the speed;
* gear mesh with sidebands at shaft speed, stronger under load;
* knocks that have nothing to do with the bearing: at random, and once per turn on loose units;
* white noise, noise through the same housing, and a trace of 50 Hz mains.

Hertzian contacts stiffen with the cube root of the load, so resonances move up with its sixth
root. Boards differ in operating point: B holds speeds and loads that training never saw.
"""

import argparse
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rng = np.random.Generator

RATE = 12_800  # Hz
LENGTH = 2_048  # samples per window
LEAD = 512  # samples simulated before the window, so that it does not start at rest
TIME = (np.arange(LENGTH + LEAD) - LEAD) / RATE  # seconds

# 6205 deep-groove ball bearing: balls, ball diameter and pitch diameter in mm, contact angle 0.
BALLS, BALL_MM, PITCH_MM = 9, 7.94, 39.04
CAGE = 0.5 * (1 - BALL_MM / PITCH_MM)  # turns per turn of the shaft, as are the next three
OUTER = BALLS * CAGE
INNER = BALLS - OUTER
SPIN = PITCH_MM / (2 * BALL_MM) * (1 - (BALL_MM / PITCH_MM) ** 2)

# Impacts per turn, turns of the defect per turn of the shaft, typical height.
DEFECTS = {"outer": (OUTER, 0.0, 13.0), "inner": (INNER, 1.0, 22.0), "ball": (2 * SPIN, CAGE, 22.0)}

TEETH = 23
MAINS = 50.0  # Hz
MODES = (2_350.0, 4_300.0)  # Hz at half load
LOOSE = 0.2  # share of units that knock once per turn
LABELS = ("normal", "outer", "inner", "ball", "unbalance")
SHARES = (0.28, 0.18, 0.18, 0.18, 0.18)


@dataclass(frozen=True, slots=True)
class Regime:
    """Operating points: nominal speeds in rpm and loads in per cent of the rated load."""

    speeds: tuple[int, ...]
    loads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """Where one unit runs: shaft frequency in Hz and load as a fraction of the rated load."""

    shaft: float
    load: float


@dataclass(frozen=True, slots=True)
class Windows:
    """A set of windows: signals (n, LENGTH) in m/s^2 and what is known of each."""

    signals: NDArray[np.float16]
    ids: list[str]
    speeds: list[float]
    loads: list[int]
    labels: list[str]


KNOWN = Regime((1200, 1500, 1800), (40, 60))
UNSEEN = Regime((900, 1350, 2100), (20, 90))
SIZES = {"train": (2_000, KNOWN), "A": (400, KNOWN), "B": (600, UNSEEN)}


def ring_down(rng: Rng, load: float) -> Array:
    """Return the answer of one unit's housing to a unit impact, 20 ms long."""
    time = np.arange(256) / RATE
    answer = np.zeros(len(time))
    for mode in MODES:
        frequency = mode * rng.normal(1.0, 0.06) * (load / 0.5) ** (1 / 6)
        damping = rng.uniform(0.02, 0.05)
        gain = rng.lognormal(0.0, 0.35)
        decay = np.exp(-2 * np.pi * frequency * damping * time)
        answer += gain * decay * np.sin(2 * np.pi * frequency * time)
    return answer / np.sqrt((answer**2).sum())


def struck(times: Array, heights: Array, answer: Array) -> Array:
    """Return the vibration of impacts at the given times, which may lie between samples."""
    position = (times - TIME[0]) * RATE
    first = np.floor(position).astype(int)
    inside = (first >= 0) & (first < len(TIME) - 1)
    first, part, heights = first[inside], (position - first)[inside], heights[inside]
    train = np.zeros(len(TIME))
    np.add.at(train, first, heights * (1 - part))
    np.add.at(train, first + 1, heights * part)
    size = len(TIME) + len(answer)
    return np.fft.irfft(np.fft.rfft(train, size) * np.fft.rfft(answer, size), size)[: len(TIME)]


def impact_times(rng: Rng, rate: float, slip: float) -> Array:
    """Return impact times at a mean rate in Hz, each interval random by the share ``slip``."""
    count = int(rate * (TIME[-1] - TIME[0])) + 4
    gaps = (1 + slip * rng.normal(size=count)) / rate
    return TIME[0] - rng.random() / rate + np.cumsum(gaps)


def load_zone(angle: Array, load: float) -> Array:
    """Return the relative load at an angle from the load's direction (Stribeck's distribution)."""
    extent = 0.30 + 0.20 * load
    return np.maximum(0.0, 1 - (1 - np.cos(angle)) / (2 * extent)) ** 1.5


def defect(rng: Rng, label: str, point: Point, answer: Array) -> Array:
    """Return the vibration of a localised bearing defect; zero for the other labels."""
    if label not in DEFECTS:
        return np.zeros(len(TIME))
    rate, carrier, typical = DEFECTS[label]
    times = impact_times(rng, rate * point.shaft, rng.uniform(0.01, 0.03))
    angle = 2 * np.pi * carrier * point.shaft * times
    if carrier:
        angle += rng.uniform(0, 2 * np.pi)
    heights = load_zone(angle, point.load) * rng.lognormal(0.0, 0.15, len(times))
    if label == "ball":
        heights[::2] *= rng.uniform(0.5, 1.0)  # one race answers louder than the other
    severity = rng.lognormal(np.log(typical), 0.35) * point.load**0.3
    return severity * struck(times, heights, answer)


def shaft_harmonics(rng: Rng, label: str, point: Point) -> Array:
    """Return vibration at one to three times shaft speed."""
    amount = rng.lognormal(np.log(0.3), 0.35) * (point.shaft / 25) ** 2
    if label == "unbalance":
        amount *= rng.uniform(2.5, 6.0)
    extra = 0.12 * (point.shaft / 25) * rng.lognormal(0.0, 0.4, 2)
    phase = rng.uniform(0, 2 * np.pi, 3)
    turn = 2 * np.pi * point.shaft * TIME
    return sum(
        height * np.sin((n + 1) * turn + phase[n]) for n, height in enumerate([amount, *extra])
    )


def gear_mesh(rng: Rng, point: Point) -> Array:
    """Return three harmonics of the gear mesh, each modulated at shaft speed."""
    turn = 2 * np.pi * point.shaft * TIME
    total = np.zeros(len(TIME))
    for harmonic, typical in enumerate((0.6, 0.35, 0.2), start=1):
        height = typical * rng.lognormal(0.0, 0.4) * (point.load / 0.5) ** 0.5
        modulation = 1 + rng.uniform(0.1, 0.5) * np.sin(turn + rng.uniform(0, 2 * np.pi))
        total += height * modulation * np.sin(harmonic * TEETH * turn + rng.uniform(0, 2 * np.pi))
    return total


def knocks(rng: Rng, point: Point, answer: Array) -> Array:
    """Return impacts from elsewhere: a few at random, and on loose units one per turn."""
    times = rng.uniform(TIME[0], TIME[-1], rng.poisson(2.0))
    total = struck(times, rng.lognormal(np.log(5.0), 0.5, len(times)), answer)
    if rng.random() < LOOSE:
        turns = impact_times(rng, point.shaft, 0.002)
        total += struck(turns, rng.lognormal(np.log(7.0), 0.3) * np.ones(len(turns)), answer)
    return total


def background(rng: Rng, answer: Array) -> Array:
    """Return white noise, noise that comes through the housing (grease, fan), and mains hum."""
    size = len(TIME) + len(answer)
    spectrum = np.fft.rfft(rng.normal(size=len(TIME)), size) * np.fft.rfft(answer, size)
    housing = np.fft.irfft(spectrum, size)[: len(TIME)]
    hum = np.sin(2 * np.pi * MAINS * TIME + rng.uniform(0, 2 * np.pi))
    levels = rng.lognormal(np.log([0.6, 0.55]), [0.2, 0.35])
    return levels[0] * rng.normal(size=len(TIME)) + levels[1] * housing + rng.uniform(0, 0.15) * hum


def vibration(rng: Rng, label: str, point: Point) -> NDArray[np.float16]:
    """Return one window of one unit, in m/s^2."""
    answer = ring_down(rng, point.load)
    total = defect(rng, label, point, answer) + knocks(rng, point, answer)
    total += shaft_harmonics(rng, label, point) + gear_mesh(rng, point) + background(rng, answer)
    gain = rng.lognormal(0.0, 0.15)  # mounting of the sensor
    return (gain * total[LEAD:]).astype(np.float16)


def simulate(rng: Rng, ids: list[str], regime: Regime) -> Windows:
    """Draw one window per id at the regime's operating points, classes in their fixed shares."""
    count = len(ids)
    counts = np.round(np.array(SHARES) * count).astype(int)
    counts[0] += count - counts.sum()
    labels = [LABELS[i] for i in rng.permutation(np.repeat(np.arange(len(LABELS)), counts))]
    signals = np.empty((count, LENGTH), dtype=np.float16)
    speeds, loads = [], []
    for row, label in enumerate(labels):
        load = int(rng.choice(regime.loads))
        shaft = float(rng.choice(regime.speeds)) / 60 * rng.normal(1.0, 0.01)
        signals[row] = vibration(rng, label, Point(shaft, load / 100))
        speeds.append(shaft * 60 * rng.normal(1.0, 0.002))
        loads.append(load)
    return Windows(signals, ids, speeds, loads, labels)


def simulate_all(seed: int) -> dict[str, Windows]:
    """Draw every set from a stream of its own; ids are random and unique over all sets."""
    *streams, naming = np.random.SeedSequence(seed).spawn(len(SIZES) + 1)
    total = sum(count for count, _ in SIZES.values())
    names = np.random.default_rng(naming).choice(16**5, size=total, replace=False)
    ids = [f"w{name:05x}" for name in names]
    sets = {}
    for stream, (name, (count, regime)) in zip(streams, SIZES.items(), strict=True):
        sets[name] = simulate(np.random.default_rng(stream), ids[:count], regime)
        ids = ids[count:]
    return sets


def write_npz(path: Path, signals: NDArray[np.float16]) -> None:
    """Write ``signals`` as an npz archive with a fixed date, so that bytes repeat."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, signals, allow_pickle=False)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("signals.npy", (1980, 1, 1, 0, 0, 0)), buffer.getvalue())


def write_csv(path: Path, header: str, columns: list[list[str]]) -> None:
    """Write a UTF-8 table with LF line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [",".join(row) for row in zip(*columns, strict=True)]
    path.write_bytes(("\n".join([header, *rows]) + "\n").encode())


def write_windows(folder: Path, name: str, windows: Windows, *, labelled: bool) -> None:
    """Write ``name``.npz and ``name``.csv, whose rows are in the order of the signals."""
    speeds = [f"{speed:.1f}" for speed in windows.speeds]
    columns = [windows.ids, speeds, [str(load) for load in windows.loads]]
    header = "id,speed_rpm,load_pct"
    if labelled:
        header, columns = f"{header},label", [*columns, windows.labels]
    write_csv(folder / f"{name}.csv", header, columns)
    write_npz(folder / f"{name}.npz", windows.signals)


README = """\
# 滚动轴承故障诊断 / Bearing fault diagnosis

train.npz 与 test.npz：数组 signals，float16，(窗口数, 2048)，单位 m/s²，采样率 12.8 kHz。
train.csv 与 test.csv：各窗口的 id、转速、负载（训练集另有 label），与 signals 的行一一对应。

train.npz, test.npz: array signals, float16, (windows, 2048), m/s², sampled at 12.8 kHz.
train.csv, test.csv: id, speed, load (and label for training) of each row of signals.
Simulated by generate.py. Licence CC-BY-4.0.
"""


def main() -> None:
    """Generate the pack's data folder."""
    parser = argparse.ArgumentParser(description="simulate the bearing vibration data")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    sets = simulate_all(options.seed)
    public = options.out / "public"
    for folder, board in ((public, "A"), *((options.out / b / "input", b) for b in ("A", "B"))):
        write_windows(folder, "train", sets["train"], labelled=True)
        write_windows(folder, "test", sets[board], labelled=False)
    for board in ("A", "B"):
        columns = [sets[board].ids, sets[board].labels]
        write_csv(options.out / board / "truth" / "truth.csv", "id,label", columns)
    guess = ["normal"] * len(sets["A"].ids)
    write_csv(public / "sample_predictions.csv", "id,label", [sets["A"].ids, guess])
    (public / "README.md").write_bytes(README.encode())


if __name__ == "__main__":
    main()
