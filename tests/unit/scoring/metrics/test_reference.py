"""Metrics against scikit-learn, against numbers worked out by hand, against their own promises."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from scoring import METRICS, Direction
from scoring.metrics.base import Kind, Metric, ParamKind, Sample, UndefinedMetricError
from scoring.metrics.probabilities import LARGE
from scoring.types import FloatArray, IntArray

Floats = list[float]


def sample(truth: object, prediction: object, **params: object) -> Sample:
    true, given_values = np.asarray(truth), np.asarray(prediction)
    width = 1 if given_values.ndim == 1 else given_values.shape[1]
    lines = np.arange(2, 2 + len(true))
    names = tuple(f"p{n}" for n in range(width))
    return Sample(true, given_values, lines, names, params)  # type: ignore[arg-type]


def score(name: str, truth: object, prediction: object, **params: object) -> float:
    return METRICS[name].score(sample(truth, prediction, **params))


CLASSES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40).map(
    lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True))
)

SKLEARN_LABELS = {
    "accuracy": sk.accuracy_score,
    "matthews_corrcoef": lambda t, p: (
        sk.matthews_corrcoef(t, p) if len(np.union1d(t, p)) > 1 else 0.0
    ),
    **{
        f"{name}_{average}": lambda t, p, f=function, a=average: f(t, p, average=a, zero_division=0)
        for name, function in (
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
            ("f1", sk.f1_score),
        )
        for average in ("macro", "micro", "weighted")
    },
}


@pytest.mark.parametrize("name", sorted(SKLEARN_LABELS))
@settings(max_examples=30)
@given(pair=CLASSES)
def test_labels_agree_with_scikit_learn(name: str, pair: tuple[IntArray, IntArray]) -> None:
    truth, prediction = pair

    assert score(name, truth, prediction) == SKLEARN_LABELS[name](truth, prediction)


@settings(max_examples=30)
@given(pair=CLASSES)
def test_balanced_accuracy_is_the_mean_recall_of_true_classes(
    pair: tuple[IntArray, IntArray],
) -> None:
    truth, prediction = pair
    recalls = [np.mean(prediction[truth == label] == label) for label in np.unique(truth)]

    assert score("balanced_accuracy", truth, prediction) == pytest.approx(np.mean(recalls))


@settings(max_examples=30)
@given(pair=CLASSES)
def test_kappa_agrees_or_is_undefined(pair: tuple[IntArray, IntArray]) -> None:
    truth, prediction = pair
    if len(np.union1d(truth, prediction)) == 1:
        with pytest.raises(UndefinedMetricError):
            score("cohen_kappa", truth, prediction)
    else:
        expected = sk.cohen_kappa_score(truth, prediction)
        assert score("cohen_kappa", truth, prediction) == pytest.approx(expected)


SCORES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])),
    min_size=2,
    max_size=40,
).map(lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True)))


@settings(max_examples=30)
@given(SCORES)
def test_binary_scores_agree_with_scikit_learn(pair: tuple[IntArray, FloatArray]) -> None:
    truth, given_scores = pair
    assume(0 < truth.sum() < len(truth))

    assert score("roc_auc", truth, given_scores) == sk.roc_auc_score(truth, given_scores)
    expected = sk.average_precision_score(truth, given_scores)
    assert score("average_precision", truth, given_scores) == expected
    inside = np.clip(given_scores, 1e-15, 1 - 1e-15)
    assert score("log_loss", truth, given_scores) == sk.log_loss(truth, inside)
    brier = sk.brier_score_loss(truth, given_scores)
    assert score("brier_score", truth, given_scores) == pytest.approx(brier, abs=1e-15)
    label = (given_scores > 0.5).astype(int)
    assert score("f1", truth, label) == sk.f1_score(truth, label, zero_division=0)
    called = given_scores >= 0.25
    expected = sk.f1_score(truth, called, zero_division=0)
    found = score("f1_at_threshold", truth, given_scores, threshold=0.25)
    assert found == pytest.approx(expected, abs=1e-15)


def test_large_samples_differ_from_scikit_learn_by_rounding_alone() -> None:
    chance = np.random.default_rng(5)
    truth = chance.integers(0, 2, LARGE)
    given_scores = np.round(0.2 * truth + 0.8 * chance.random(LARGE), 3)

    area = sk.roc_auc_score(truth, given_scores)
    assert score("roc_auc", truth, given_scores) == pytest.approx(area, rel=1e-12)
    loss = sk.log_loss(truth, np.clip(given_scores, 1e-15, 1 - 1e-15))
    assert score("log_loss", truth, given_scores) == pytest.approx(loss, rel=1e-12)


@settings(max_examples=30)
@given(SCORES, st.sampled_from([0.01, 0.1, 0.34, 0.5, 0.9]))
def test_operating_points_lie_on_the_roc_curve(
    pair: tuple[IntArray, FloatArray], rate: float
) -> None:
    truth, given_scores = pair
    assume(0 < truth.sum() < len(truth))
    false_alarms, hits, _ = sk.roc_curve(truth, given_scores, drop_intermediate=False)
    best = hits[false_alarms <= rate + 1e-12].max()

    assert score("recall_at_fpr", truth, given_scores, fpr=rate) == pytest.approx(best)
    assert score("miss_rate_at_far", truth, given_scores, far=rate) == pytest.approx(1 - best)


def test_an_operating_point_by_hand() -> None:
    # 100 good boards of which two score 0.9; three bad ones at 0.95, 0.8 and 0.1
    truth = np.array([0] * 100 + [1, 1, 1])
    scores = np.array([0.9, 0.9] + [0.0] * 98 + [0.95, 0.8, 0.1])

    assert score("miss_rate_at_far", truth, scores, far=0.02) == pytest.approx(0.0)
    assert score("miss_rate_at_far", truth, scores, far=0.01) == pytest.approx(2 / 3)
    tied = np.array([0.9, 0.9] + [0.5] * 98 + [0.95, 0.8, 0.5])
    assert score("miss_rate_at_far", truth, tied, far=0.02) == pytest.approx(1 / 3)
    assert score("miss_rate_at_far", truth, np.zeros(103), far=0.02) == 1.0


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=30).map(
    lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True))
)


@settings(max_examples=30)
@given(PAIRS)
def test_regression_agrees_with_scikit_learn(pair: tuple[FloatArray, FloatArray]) -> None:
    truth, prediction = pair

    assert score("mae", truth, prediction) == sk.mean_absolute_error(truth, prediction)
    assert score("mse", truth, prediction) == sk.mean_squared_error(truth, prediction)
    assert score("rmse", truth, prediction) == sk.root_mean_squared_error(truth, prediction)
    assert score("max_error", truth, prediction) == sk.max_error(truth, prediction)
    if np.ptp(truth) == 0:
        with pytest.raises(UndefinedMetricError):
            score("r2", truth, prediction)
    else:
        assert score("r2", truth, prediction) == sk.r2_score(truth, prediction)
    if truth.all():
        expected = sk.mean_absolute_percentage_error(truth, prediction)
        assert score("mape", truth, prediction) == pytest.approx(expected)
    quantiles = (0.1, 0.5)
    both = np.column_stack([prediction, prediction + 1])
    expected = np.mean(
        [sk.mean_pinball_loss(truth, both[:, n], alpha=q) for n, q in enumerate(quantiles)]
    )
    assert score("pinball", truth, both, quantiles=quantiles) == pytest.approx(expected)


def test_percentages_by_hand() -> None:
    truth, prediction = [100.0, 200.0], [110.0, 150.0]

    assert score("mape", truth, prediction) == pytest.approx((0.1 + 0.25) / 2)
    assert score("smape", truth, prediction) == pytest.approx((20 / 210 + 100 / 350) / 2)
    assert score("wmape", truth, prediction) == pytest.approx(60 / 300)
    assert score("smape", [0.0, 1.0], [0.0, 1.0]) == 0.0
    for name, zeros in (("mape", [0.0, 1.0]), ("wmape", [0.0, 0.0])):
        with pytest.raises(UndefinedMetricError):
            score(name, zeros, [1.0, 1.0])


def test_intervals_by_hand() -> None:
    truth, bounds = [1.0, 2.0, 3.0, 4.0], [[0.0, 1.0], [2.0, 4.0], [4.0, 5.0], [1.0, 3.0]]

    assert score("interval_coverage", truth, bounds) == 0.5
    assert score("interval_coverage_error", truth, bounds, level=0.9) == pytest.approx(0.4)
    assert score("interval_width", truth, bounds) == pytest.approx(6 / 4)
    # (1 + 2 + (1 + 20 * 1) + (2 + 20 * 1)) / 4 at level 0.9
    assert score("interval_score", truth, bounds, level=0.9) == pytest.approx(46 / 4)


def test_one_against_rest_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, 60)
    shares = rng.dirichlet([1, 1, 1], 60)

    auc = sk.roc_auc_score(truth, shares, multi_class="ovr")
    assert score("roc_auc", truth, shares) == pytest.approx(auc)
    one_hot = np.eye(3)[truth]
    precision = sk.average_precision_score(one_hot, shares, average="macro")
    assert score("average_precision", truth, shares) == pytest.approx(precision)
    assert score("log_loss", truth, shares) == pytest.approx(sk.log_loss(truth, shares))
    brier = sk.brier_score_loss(truth, shares, labels=[0, 1, 2])
    assert score("brier_score", truth, shares) == pytest.approx(brier)


def test_a_sure_and_wrong_answer_costs_much_and_not_everything() -> None:
    assert score("log_loss", [1, 0], [0.0, 0.0]) == pytest.approx(-math.log(1e-15) / 2)
    assert score("log_loss", [1, 0], [0.0, 0.0], eps=0.01) == pytest.approx(
        -(math.log(0.01) + math.log(0.99)) / 2
    )
    both = [[1.0, 0.0], [1.0, 0.0]]
    assert score("log_loss", [1, 0], both) == sk.log_loss([1, 0], np.array(both))


@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
def test_binary_labels_need_a_positive_row(name: str) -> None:
    with pytest.raises(UndefinedMetricError, match="undefined_no_positive"):
        score(name, [0, 0], [0, 1])


PERFECT_TEXTS = {
    "boxes": ("a 10 10 40 40; b 60 5 20 20", "a 0.9 10 10 40 40; b 0.8 60 5 20 20"),
    "coco_small": ("a 10 10 20 20", "a 0.9 10 10 20 20"),
    "coco_large": ("a 10 10 200 200", "a 0.9 10 10 200 200"),
    "masks": ("1 3 11 5", "1 3 11 5"),
    "retrieval": ("d1 d2:2 d3:0", "d2 d1"),
    "spans": ('[[0, 3, "PART"], [1, 2, "FAULT"]]', '[[1, 2, "FAULT"], [0, 3, "PART"]]'),
    "fields": ('{"torque": "12.0"}', '{"Torque": 12}'),
    "names": ("a b", "b a"),
    "texts": ("主轴 异响 7号", "主轴 异响 ７号"),
    "jobs": ('{"jobs": [[[1, 3]], [[1, 2]]], "best": 5}', "[[0], [3]]"),
    "routes": (
        '{"capacity": 1, "rounding": "none", "depot": [0, 0], "customers": [[3, 4, 1]]}',
        "[[1]]",
    ),
    "schema": ('{"type": "object", "required": ["a"], "examples": [{"a": 1}]}', '{"a": 1}'),
    "bins": ('{"capacity": 1, "items": [1], "best": 1}', "[[1]]"),
}


def perfect_texts(metric: Metric, params: dict[str, object]) -> Sample:
    truth, answer = PERFECT_TEXTS[_cells_of(metric.name)]
    cells = [truth, "10", "20"][: len(metric.targets)]
    return texts([cells] * 20, [answer] * 20, **{**params, **({"k": 2} if "k" in params else {})})


def _cells_of(name: str) -> str:
    """Which of the cells above a metric reads; the names of a family begin alike."""
    if name in RETRIEVAL:
        return "retrieval"
    size = name.rpartition("_")[2]
    if name.startswith("coco") and size in {"small", "large"}:
        return f"coco_{size}"
    beginnings = {
        "coco": "boxes",
        "voc": "boxes",
        "picture": "boxes",
        "dice": "masks",
        "iou": "masks",
        "span": "spans",
        "key": "fields",
        "citation": "names",
        "json": "schema",
        "makespan": "jobs",
        "route": "routes",
        "bins": "bins",
        "gap": "bins",
        "feasible": "jobs",
    }
    return beginnings.get(name.partition("_")[0], "texts")


def texts(truths: list[list[str]], answers: list[str], **params: object) -> Sample:
    nothing = np.empty(0)
    return Sample(
        nothing,
        nothing,
        np.arange(2, 2 + len(answers)),
        ("answer",),
        params,  # type: ignore[arg-type]
        np.array(truths, dtype=object).reshape(len(answers), -1),
        np.array(answers, dtype=object).reshape(-1, 1),
    )


RETRIEVAL = ("map_at_k", "ndcg_at_k", "mrr", "precision_at_k", "recall_at_k", "bpref")


def perfect(metric: Metric, rng: np.random.Generator) -> Sample:
    params = {
        name: param.default if param.default is not None else EXAMPLES[param.kind]
        for name, param in metric.params.items()
        if param.kind is not ParamKind.LABELS and name != "eps"
    }
    if metric.target is Kind.TEXT:
        return perfect_texts(metric, params)
    if metric.target is Kind.LABEL:
        return perfect_classes(metric, params)
    truth, answer = perfect_numbers(metric, rng, wide="quantiles" in params)
    return sample(truth, answer, **params)


EXAMPLES: dict[ParamKind, object] = {
    ParamKind.NUMBER: 0.1,
    ParamKind.NUMBERS: (0.1, 0.9),
    ParamKind.COUNT: 1,
}


def perfect_classes(metric: Metric, params: dict[str, object]) -> Sample:
    truth = np.array([0, 1] * 10)
    if not metric.targets:
        return sample(np.column_stack([truth, truth]), np.column_stack([truth, truth]))
    if metric.name in {"roc_auc_ovo", "top_k_accuracy"}:
        return sample(truth, np.column_stack([1.0 - truth, truth]), **params)
    return sample(
        truth, truth if metric.prediction is Kind.LABEL else truth.astype(float), **params
    )


def perfect_numbers(
    metric: Metric, rng: np.random.Generator, *, wide: bool
) -> tuple[FloatArray, FloatArray]:
    if metric.targets == ("event", "series"):
        event = np.repeat([0.0, 1.0], 10)  # the first alarm falls on the window's first point
        return np.column_stack([event, np.zeros(20)]), event
    truth = np.repeat([1.0, 2.0, 3.0, 4.0], 5) if "kappa" in metric.name else rng.uniform(1, 2, 20)
    if len(metric.targets) > 1:
        table = np.column_stack([truth, truth, truth + 1])
        return table[:, : len(metric.targets)], truth
    width = 2 if wide else metric.predictions or 1
    return truth, truth if width == 1 else np.column_stack([truth] * width)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_metric_keeps_its_promises(name: str) -> None:
    metric = METRICS[name]
    answer = perfect(metric, np.random.default_rng(3))
    best = metric.score(answer)

    assert isinstance(best, float)
    assert metric.low <= best <= metric.high
    assert metric.source
    if name != "interval_coverage_error" and metric.reaches_best and math.isfinite(metric.best):
        assert best == pytest.approx(metric.best, abs=1e-12)
    if metric.loss is not None:
        losses = metric.loss(answer)
        assert losses.shape == (20,)
        assert losses.dtype == np.float64
        if metric.reaches_best:
            assert losses == pytest.approx(np.zeros(20), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("accuracy", lambda x: 1 - x),
        ("mae", float),
        ("mse", float),
        ("log_loss", float),
        ("pinball", float),
    ],
)
def test_losses_add_up_to_the_score(name: str, of: object) -> None:
    rng = np.random.default_rng(5)
    params = {"quantiles": (0.5,)} if name == "pinball" else {}
    answer = sample(rng.integers(0, 2, 30), rng.integers(0, 2, 30), **params)
    metric = METRICS[name]

    assert metric.loss is not None
    assert metric.score(answer) == pytest.approx(of(metric.loss(answer).mean()))  # type: ignore[operator]


def test_a_parameter_that_is_no_number_is_no_number() -> None:
    with pytest.raises(TypeError, match="far is not a number"):
        score("miss_rate_at_far", [0, 1], [0.0, 1.0], far="2 %")


def test_aliases_are_the_same_metric() -> None:
    assert METRICS["mean_absolute_error"] is METRICS["mae"]
    assert {metric.direction for metric in METRICS.values()} == {Direction.MAX, Direction.MIN, None}
