"""Classes and probabilities beyond the usual: F-beta, alarms, pairs of classes, top k."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from scoring.metrics.base import UndefinedMetricError
from tests.unit.scoring.metrics.test_reference import score

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=20)
@given(SEEDS)
def test_fbeta_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, answer = rng.integers(0, 2, 30), rng.integers(0, 2, 30)
    truth[0] = 1

    for name, average in (("fbeta", "binary"), ("fbeta_macro", "macro")):
        expected = sk.fbeta_score(truth, answer, beta=2, average=average, zero_division=0)
        assert score(name, truth, answer, beta=2) == pytest.approx(expected)


def test_alarm_rates_count_each_side_by_itself() -> None:
    truth, answer = [0, 0, 0, 0, 1, 1], [1, 0, 0, 0, 0, 1]

    assert score("false_alarm_rate", truth, answer) == 0.25
    assert score("missed_alarm_rate", truth, answer) == 0.5
    with pytest.raises(UndefinedMetricError):
        score("missed_alarm_rate", [0, 0], [0, 1])
    with pytest.raises(UndefinedMetricError):
        score("fbeta", [0, 0], [0, 1], beta=2)


def test_an_exact_match_has_every_column_right() -> None:
    truth = np.array([[0, 1], [2, 2], [1, 0]])
    answer = np.array([[0, 1], [2, 0], [0, 0]])

    assert score("exact_match", truth, answer) == pytest.approx(1 / 3)


@settings(max_examples=20)
@given(SEEDS)
def test_areas_between_pairs_of_classes_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(4), rng.integers(0, 4, 40)])
    shares = rng.dirichlet(np.ones(4), len(truth))
    expected = sk.roc_auc_score(truth, shares, multi_class="ovo")

    assert score("roc_auc_ovo", truth, shares) == pytest.approx(expected)


def test_a_class_that_never_comes_leaves_no_area() -> None:
    with pytest.raises(UndefinedMetricError):
        score("roc_auc_ovo", [0, 1, 1], np.eye(3))


@settings(max_examples=20)
@given(SEEDS)
def test_a_partial_area_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, scores = np.append(rng.integers(0, 2, 40), [0, 1]), rng.normal(size=42)
    expected = sk.roc_auc_score(truth, scores, max_fpr=0.2)

    assert score("partial_roc_auc", truth, scores, max_fpr=0.2) == pytest.approx(expected)


@settings(max_examples=20)
@given(SEEDS)
def test_top_k_is_that_of_scikit_learn_where_nothing_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, shares = rng.integers(0, 5, 30), rng.permuted(np.tile(np.arange(5.0), (30, 1)), axis=1)
    expected = sk.top_k_accuracy_score(truth, shares, k=2, labels=np.arange(5))

    assert score("top_k_accuracy", truth, shares, k=2) == pytest.approx(expected)


def test_calling_everything_equally_likely_earns_nothing() -> None:
    assert score("top_k_accuracy", [0, 1, 2], np.full((3, 3), 1 / 3), k=2) == 0.0
