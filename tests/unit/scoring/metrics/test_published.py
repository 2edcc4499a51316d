"""Numbers that others have published, from answers that others have made."""

import numpy as np
import pytest

from scoring import Scoring
from scoring.metrics import METRICS
from tests.unit.scoring.metrics.test_cells import score
from tests.unit.scoring.metrics.test_reference import sample

# Padilla's sample_2 (github.com/rafaelpadilla/Object-Detection-Metrics, MIT): x, y, width, height
VOC_TRUTH = (
    "object 25 16 38 56; object 129 123 41 62",
    "object 123 11 43 55; object 38 132 59 45",
    "object 16 14 35 48; object 123 30 49 44; object 99 139 47 47",
    "object 53 42 40 52; object 154 43 31 34",
    "object 59 31 44 51; object 48 128 34 52",
    "object 36 89 52 76; object 62 58 44 67",
    "object 28 31 55 63; object 58 67 50 58",
)
VOC_FOUND = (
    "object .88 5 67 31 48; object .70 119 111 40 67; object .80 124 9 49 67",
    "object .71 64 111 64 58; object .54 26 140 60 47; object .74 19 18 43 35",
    (
        "object .18 109 15 77 39; object .67 86 63 46 45; object .38 160 62 36 53; object"
        " .91 105 131 47 47; object .44 18 148 40 44"
    ),
    (
        "object .35 83 28 28 26; object .78 28 68 42 67; object .45 87 89 25 39; object "
        ".14 10 155 60 26"
    ),
    (
        "object .62 50 38 28 46; object .44 95 11 53 28; object .95 29 131 72 29; object "
        ".23 29 163 72 29"
    ),
    "object .45 43 48 74 38; object .84 17 155 29 35; object .43 95 110 25 42",
    "object .48 16 20 101 88; object .95 33 116 37 49",
)

# BSData's ball screws (github.com/2Obe/BSData) and masks that were disturbed by hand: pixels that
# both have, that the truth has, that the answer has, picture by picture
AREAS = """\
306/306/504 0/366/0 709/709/947 14/57/14 7531/8368/7531 106/106/196 2446/2446/2950 165/301/165
0/35/35 723/1219/723 139/228/228 96/189/96 717/1002/717 12308/12308/13879 60/60/126 17/61/61
2803/3410/2803 44/44/104 63/151/63 301/467/467 9269/10310/10310 1793/1793/2231 3103/3739/3739
678/997/997"""

# NAB's machine_temperature_system_failure.csv (github.com/numenta/NAB, MIT): the points inside its
# four windows, and the points where two detectors reach the thresholds NAB has chosen for them
WINDOWS = ((2126, 2692), (3703, 4269), (16057, 16623), (19232, 19798))
POINTS = 22695
NUMENTA = [
    2,
    3,
    4,
    6,
    10,
    16,
    27,
    48,
    62,
    69,
    72,
    74,
    312,
    317,
    320,
    2147,
    2173,
    2405,
    3969,
    7170,
    9703,
    14558,
    14560,
    16219,
    16699,
]
NUMENTA_FEWER = [
    2,
    3,
    4,
    6,
    10,
    16,
    27,
    48,
    62,
    69,
    72,
    74,
    312,
    317,
    320,
    2147,
    2173,
    3969,
    7170,
    9703,
    16219,
    16699,
]
NUMENTA_TM = [
    2,
    3,
    4,
    6,
    10,
    16,
    27,
    48,
    62,
    69,
    72,
    74,
    312,
    317,
    320,
    2402,
    3768,
    3968,
    8784,
    12826,
    12875,
    13445,
    14025,
    16222,
    17909,
    18514,
    18542,
    19147,
    19779,
    21017,
    21060,
    22401,
]
NUMENTA_TM_FEWER = [
    2,
    3,
    4,
    6,
    10,
    16,
    27,
    48,
    62,
    69,
    72,
    74,
    312,
    317,
    320,
    3968,
    17909,
    18514,
    21017,
]


@pytest.mark.parametrize(
    ("iou", "every", "eleven"),
    [
        (0.1, 0.3371980676, 0.3333333333),
        (0.3, 0.2456866804, 0.2683982683),
        (0.5, 0.0222222222, 0.0303030303),
        (0.75, 0.0, 0.0),
    ],
)
def test_voc_gives_what_padilla_prints(iou: float, every: float, eleven: float) -> None:
    rows, found = list(VOC_TRUTH), list(VOC_FOUND)

    assert score("voc_ap", rows, found, iou=iou) == pytest.approx(every, abs=1e-9)
    assert score("voc_ap", rows, found, iou=iou, points="eleven") == pytest.approx(eleven, abs=1e-9)


def test_without_the_last_pixel_voc_gives_something_else() -> None:
    rows, found = list(VOC_TRUTH), list(VOC_FOUND)

    for iou, expected in ((0.1, 0.2801328502), (0.3, 0.2253968254)):
        given = score("voc_ap", rows, found, iou=iou, pixels="exclusive")
        assert given == pytest.approx(expected, abs=1e-9)


def test_the_score_of_fabric_and_tile_contests_is_a_formula() -> None:
    columns: list[dict[str, object]] = [
        {"key": f"ap{round(100 * iou)}", "metric": "voc_ap", "target": "boxes", "direction": "max"}
        | {"params": {"iou": iou}}
        for iou in (0.1, 0.3, 0.5)
    ]
    columns += [
        {"key": "acc", "metric": "picture_accuracy", "target": "boxes", "direction": "max"},
        {"key": "score", "formula": "0.2 * acc + 0.8 * mean(ap10, ap30, ap50)"}
        | {"direction": "max", "primary": True},
    ]
    spec = Scoring.model_validate({"partition": "rows", "columns": columns})
    measured = {"ap10": 0.3371980676, "ap30": 0.2456866804, "ap50": 0.0222222222, "acc": 0.75}

    assert spec.complete(measured)["score"] == pytest.approx(0.15 + 0.8 * 0.6051069702 / 3)


def test_the_mean_over_ball_screws_is_not_the_pooled_score() -> None:
    rows = [list(map(int, part.split("/"))) for part in AREAS.split()]
    truths = [[f"1 {true}", "10000", "10000"] for _, true, _ in rows]
    answers = [f"{true - both + 1} {given}" if given else "" for both, true, given in rows]

    assert score("dice_mean", truths, answers) == pytest.approx(0.667776, abs=5e-7)
    assert score("dice_pooled", truths, answers) == pytest.approx(0.889543, abs=5e-7)


@pytest.mark.parametrize(
    ("alarms", "profile", "published"),
    [
        (NUMENTA, "standard", 1.36013273774),
        (NUMENTA_FEWER, "reward_low_fp_rate", 1.32453417071),
        (NUMENTA, "reward_low_fn_rate", 0.360132737738),
        (NUMENTA_TM, "standard", 1.58440215352),
        (NUMENTA_TM_FEWER, "reward_low_fp_rate", -2.77855459504),
        (NUMENTA_TM, "reward_low_fn_rate", 1.58440215352),
    ],
)
def test_nab_gives_what_its_authors_print(
    alarms: list[int], profile: str, published: float
) -> None:
    events, scores = np.zeros(POINTS), np.zeros(POINTS)
    for number, (first, last) in enumerate(WINDOWS, start=1):
        events[first : last + 1] = number
    scores[alarms] = 1.0
    answer = sample(
        np.column_stack([events, np.ones(POINTS)]), scores, threshold=0.5, profile=profile
    )

    assert METRICS["nab_raw"].score(answer) == pytest.approx(published, abs=1e-10)
