"""Metrics that read cells of text: boxes, masks, rankings, entities, fields, texts."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.errors import InvalidSubmission, TruthError
from scoring.metrics import METRICS, boxes
from scoring.metrics.base import UndefinedMetricError
from scoring.metrics.masks import read_runs, shared_pixels
from scoring.metrics.texts import edit_distance, words
from tests.unit.scoring.metrics.test_reference import texts


def score(
    name: str, truths: list[list[str]] | list[str], answers: list[str], **params: object
) -> float:
    rows = [[cell] if isinstance(cell, str) else cell for cell in truths]
    defaults = {
        key: it.default for key, it in METRICS[name].params.items() if it.default is not None
    }
    return METRICS[name].score(texts(rows, answers, **{**defaults, **params}))


# ── boxes ────────────────────────────────────────────────────────────────────
def test_a_missed_box_and_a_false_one_cost_precision_and_recall() -> None:
    truth = ["part 0 0 10 10; part 50 50 10 10"]

    assert score("voc_ap", truth, ["part 0.9 0 0 10 10"]) == pytest.approx(0.5)
    found = "part 0.9 0 0 10 10; part 0.8 80 80 10 10; part 0.7 50 50 10 10"
    assert score("voc_ap", truth, [found]) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert score("voc_ap", truth, [found], points="eleven") == pytest.approx((6 + 5 * 2 / 3) / 11)
    assert score("voc_ap", truth, [""]) == 0.0


def test_a_box_is_found_once() -> None:
    twice = "part 0.9 0 0 10 10; part 0.8 1 0 10 10"

    assert score("voc_ap", ["part 0 0 10 10; part 90 90 5 5"], [twice]) == pytest.approx(0.5)


def test_a_difficult_box_counts_neither_way() -> None:
    truth = ["part 0 0 10 10; part 50 50 10 10 difficult"]

    assert score("voc_ap", truth, ["part 0.9 50 50 10 10; part 0.5 0 0 10 10"]) == 1.0


def test_voc_counts_the_last_pixel_where_asked() -> None:
    truth, shifted = ["a 0 0 1 1"], ["a 0.9 1 0 1 1"]  # side by side: as pixels they share a column

    assert score("voc_ap", truth, shifted, iou=0.3) == 1.0
    assert score("voc_ap", truth, shifted, iou=0.3, pixels="exclusive") == 0.0


def test_coco_averages_over_ten_overlaps() -> None:
    truth = ["a 0 0 100 100"]

    assert score("coco_ap", truth, ["a 0.9 0 0 100 82"]) == pytest.approx(0.7)  # 0.50 … 0.80
    assert score("coco_ap50", truth, ["a 0.9 0 0 100 82"]) == pytest.approx(1.0)
    assert score("coco_ap75", truth, ["a 0.9 0 0 100 70"]) == 0.0
    with pytest.raises(UndefinedMetricError):
        score("coco_ap_small", truth, ["a 0.9 0 0 100 82"])
    with pytest.raises(UndefinedMetricError):
        score("coco_ap", [""], ["a 0.9 0 0 100 82"])


def test_a_crowd_takes_detections_without_charge() -> None:
    truth = ["a 0 0 100 100; a 200 200 100 100 crowd"]

    assert score("coco_ap", truth, ["a 0.9 0 0 100 100; a 0.95 210 210 50 50"]) == pytest.approx(
        1.0
    )


def test_a_label_the_truth_never_has_is_no_class() -> None:
    assert score("coco_ap", ["a 0 0 9 9"], ["a 0.9 0 0 9 9; b 0.9 0 0 9 9"]) == pytest.approx(1.0)


def test_pictures_are_faulty_or_not() -> None:
    truths, answers = ["a 0 0 9 9", "", ""], ["a 0.9 0 0 1 1", "a 0.4 0 0 9 9", "a 0.6 0 0 9 9"]

    assert score("picture_accuracy", truths, answers) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "cell",
    [
        "a 0.9 0 0 9",
        "a 0.9 0 0 9 0",
        "a x 0 0 9 9",
        "a nan 0 0 9 9",
        ";",
        "a 0.9 0 0 9 9 9",
        "a 1e999 0 0 9 9",
    ],
)
def test_a_broken_box_is_named_with_its_line(cell: str) -> None:
    with pytest.raises(InvalidSubmission) as refusal:
        score("voc_ap", ["a 0 0 9 9", "a 0 0 9 9"], ["a 0.9 0 0 9 9", cell])
    assert [message.line for message in refusal.value.messages] == [3]


def test_at_most_twenty_faults_are_told_and_the_rest_counted() -> None:
    with pytest.raises(InvalidSubmission) as refusal:
        score("voc_ap", ["a 0 0 9 9"] * 30, ["oops"] * 30)
    assert len(refusal.value.messages) == 20
    assert refusal.value.messages[-1].params == {"count": 11}


def test_there_is_an_end_to_things_however_they_are_spread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boxes, "MAX_BOXES_IN_ALL", 3)
    two = "a 0.9 0 0 9 9; a 0.8 0 0 9 9"

    assert score("voc_ap", ["a 0 0 9 9"], [two]) == 1.0
    with pytest.raises(InvalidSubmission, match="more than 3 things in all"):
        score("voc_ap", ["a 0 0 9 9"] * 2, [two, two])


def test_a_broken_truth_is_the_organisers() -> None:
    with pytest.raises(TruthError, match="row 1"):
        score("voc_ap", ["a 0 0"], ["a 0.9 0 0 9 9"])


# ── masks ────────────────────────────────────────────────────────────────────
def test_the_mean_over_pictures_is_not_the_pooled_score() -> None:
    truths = [["1 10", "10", "10"], ["1 90", "10", "10"], ["", "10", "10"]]
    answers = ["1 5", "1 90", ""]

    assert score("dice_mean", truths, answers) == pytest.approx((10 / 15 + 1 + 1) / 3)
    assert score("dice_pooled", truths, answers) == pytest.approx(190 / 195)
    assert score("iou_mean", truths, answers) == pytest.approx((0.5 + 1 + 1) / 3)
    assert score("iou_pooled", truths, answers) == pytest.approx(95 / 100)


@settings(max_examples=60)
@given(st.data())
def test_shared_pixels_are_those_of_drawn_masks(data: st.DataObject) -> None:
    pixels = 40
    masks = [
        np.array(data.draw(st.lists(st.booleans(), min_size=pixels, max_size=pixels)))
        for _ in range(2)
    ]
    runs = [read_runs(_drawn(mask)) for mask in masks]

    assert shared_pixels(*runs) == int((masks[0] & masks[1]).sum())


def _drawn(mask: NDArray[np.bool_]) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return " ".join(f"{start + 1} {end - start}" for start, end in edges.reshape(-1, 2).tolist())


@pytest.mark.parametrize(
    "cell", ["1", "0 3", "5 0", "5 3 6 1", "5 3 2 1", "1 -2", "1 x", "99 3", "1 ２"]
)
def test_a_broken_mask_is_refused(cell: str) -> None:
    with pytest.raises(InvalidSubmission):
        score("dice_mean", [["1 3", "10", "10"]], [cell])


def test_nothing_to_pool_is_undefined_and_a_truth_beyond_its_picture_is_wrong() -> None:
    with pytest.raises(UndefinedMetricError):
        score("dice_pooled", [["", "10", "10"]], ["1 2"])
    with pytest.raises(TruthError):
        score("dice_pooled", [["99 3", "10", "10"]], ["1 2"])


# ── rankings ─────────────────────────────────────────────────────────────────
def test_average_precision_at_k_by_hand() -> None:
    found = score("map_at_k", ["a b c"], ["a x b y c"], k=5)

    assert found == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert score("map_at_k", ["a b c"], ["a x b y c"], k=2) == pytest.approx(1 / 2)


def test_ndcg_weighs_grades_and_places() -> None:
    gained = (2**1 - 1) / math.log2(2) + (2**3 - 1) / math.log2(3)
    ideal = (2**3 - 1) / math.log2(2) + (2**1 - 1) / math.log2(3)

    assert score("ndcg_at_k", ["a:3 b:1 c:0"], ["b a c"], k=2) == pytest.approx(gained / ideal)


@pytest.mark.parametrize("grade", ["1100", "1e300"])
def test_grades_beyond_what_gains_can_tell_leave_no_score(grade: str) -> None:
    assert math.isnan(score("ndcg_at_k", [f"a:{grade} b:1"], ["b a"], k=2))


@pytest.mark.parametrize("side", ["0", "-4", "2.5"])
def test_the_side_of_a_picture_is_whole_and_above_0(side: str) -> None:
    for row in (["1 2", side, "4"], ["1 2", "4", side]):
        with pytest.raises(TruthError):
            score("dice_mean", [row], ["1 2"])


def test_the_other_rankings_by_hand() -> None:
    assert score("mrr", ["a", "b"], ["x a", "x y"]) == pytest.approx(0.25)
    assert score("precision_at_k", ["a b"], ["a x b"], k=2) == 0.5
    assert score("recall_at_k", ["a b"], ["a x b"], k=2) == 0.5
    # judged: a, b relevant, n, m not; unjudged names do not count
    assert score("bpref", ["a b n:0 m:0"], ["n u a b m"]) == pytest.approx(0.5)
    assert score("bpref", ["a b"], ["u a b"]) == 1.0
    with pytest.raises(UndefinedMetricError):
        score("mrr", ["a:0"], ["a"])


def test_a_name_may_be_ranked_once() -> None:
    with pytest.raises(InvalidSubmission):
        score("mrr", ["a"], ["a a"])
    with pytest.raises(TruthError):
        score("mrr", ["a a:2"], ["a"])
    with pytest.raises(TruthError):
        score("mrr", ["a:-1"], ["a"])


# ── entities, fields, citations ──────────────────────────────────────────────
def spans(*found: tuple[int, int, str]) -> str:
    return json.dumps([list(span) for span in found], ensure_ascii=False)


def test_overlapping_entities_are_each_right_or_wrong() -> None:
    truth = spans((0, 4, "部件"), (0, 2, "部件"), (4, 6, "故障"))
    answer = spans((0, 4, "部件"), (0, 4, "部件"), (4, 6, "部件"))  # one twice, one mislabelled

    assert score("span_precision", [truth], [answer]) == 0.5
    assert score("span_recall", [truth], [answer]) == pytest.approx(1 / 3)
    assert score("span_f1", [truth], [answer]) == pytest.approx(2 / 5)
    assert score("span_precision", [truth], [""]) == 0.0


@pytest.mark.parametrize(
    "cell",
    ["[", "{}", "[[1]]", '[[1, 1, "a"]]', '[[true, 2, "a"]]', "[[0, 1, 2]]", "[NaN]", "[" * 5000],
)
def test_broken_entities_are_refused(cell: str) -> None:
    with pytest.raises(InvalidSubmission):
        score("span_f1", [spans((0, 1, "a"))], [cell])


def test_fields_are_compared_as_people_would() -> None:
    truth = '{"型号": "ＡＢ－12", "torque": "12.0", "note": null}'

    assert score("key_value_f1", [truth], ['{"型号": "ab-12", "torque": 12}']) == 1.0
    assert score("key_value_f1", [truth], ['{"型号": "ab-13"}']) == 0.0
    for broken in ('{"a": 1, "a": 2}', '{"a": [1]}', "[]"):
        with pytest.raises(InvalidSubmission):
            score("key_value_f1", [truth], [broken])


def test_citations_are_sets_of_names() -> None:
    assert score("citation_precision", ["d1 d2"], ["d1 d9"]) == 0.5
    assert score("citation_f1", ["d1 d2"], ["d1"]) == pytest.approx(2 / 3)
    with pytest.raises(UndefinedMetricError):
        score("citation_recall", [""], ["d1"])


# ── texts ────────────────────────────────────────────────────────────────────
def test_texts_share_words_and_characters() -> None:
    assert words("主轴 Bearing-7 过热") == ["主", "轴", "bearing", "7", "过", "热"]
    assert score("token_f1", ["replace the bearing"], ["Replace bearing!"]) == pytest.approx(0.8)
    assert score("char_f1", ["abc"], ["abd"]) == pytest.approx(2 / 3)
    assert score("text_exact_match", ["Ａ b", "c"], ["a  B", "d"]) == 0.5
    assert score("token_f1", [""], [""]) == 1.0


def test_error_rates_count_edits() -> None:
    assert score("character_error_rate", ["轴承过热"], ["轴承热"]) == 0.25
    assert score("word_error_rate", ["change oil filter"], ["change the oil"]) == pytest.approx(
        2 / 3
    )
    with pytest.raises(UndefinedMetricError):
        score("word_error_rate", [""], ["a"])


@settings(max_examples=60)
@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_edit_distance_is_that_of_the_definition(one: str, other: str) -> None:
    def plain(left: str, right: str) -> int:
        if not left or not right:
            return len(left) + len(right)
        same = left[0] == right[0]
        return min(
            plain(left[1:], right) + 1,
            plain(left, right[1:]) + 1,
            plain(left[1:], right[1:]) + (not same),
        )

    assert edit_distance(one[:5], other[:5]) == plain(one[:5], other[:5])
