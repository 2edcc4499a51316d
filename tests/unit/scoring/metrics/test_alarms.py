"""Alarms on time series: events found in time, and NAB's windows worked out by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from scoring.metrics import METRICS
from scoring.metrics.alarms import probation
from scoring.metrics.base import UndefinedMetricError
from tests.unit.scoring.metrics.test_reference import sample


def score(
    name: str,
    events: list[int],
    alarms: Sequence[float],
    series: list[int] | None = None,
    **params: object,
) -> float:
    defaults = {
        key: it.default for key, it in METRICS[name].params.items() if it.default is not None
    }
    truth = np.column_stack([events, series or [0] * len(events)]).astype(float)
    return METRICS[name].score(sample(truth, np.array(alarms), **{**defaults, **params}))


def sigmoid(place: float) -> float:
    return 2 / (1 + math.exp(5 * place)) - 1


def test_an_event_is_found_by_any_alarm_in_it_and_an_episode_counts_once() -> None:
    events = [0, 0, 1, 1, 1, 0, 0, 2, 2, 0]
    alarms = [0, 0, 0, 1, 1, 1, 0, 0, 0, 1]  # finds 1, misses 2, one false episode

    assert score("event_f1", events, alarms) == pytest.approx(0.5)
    early = [1, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert score("event_f1", events, early) == 0.0
    assert score("event_f1", events, early, lead=2) == 1.0
    assert score("event_f1", events, [0.0] * 10) == 0.0
    with pytest.raises(UndefinedMetricError):
        score("event_f1", [0, 0], [0, 1])


def test_series_do_not_run_into_each_other() -> None:
    events, alarms, series = [0, 0, 1, 1], [0, 1, 0, 0], [1, 1, 2, 2]

    assert score("event_f1", events, alarms, series, lead=1) == 0.0
    assert score("event_f1", events, alarms, [1] * 4, lead=1) == 1.0


def test_nab_weighs_an_alarm_by_its_place() -> None:
    events = [0] * 20 + [1] * 10 + [0] * 70
    alarms = np.zeros(100)
    assert score("nab", events, alarms.tolist()) == 0.0

    alarms[24] = 1  # five points into the window: (29 - 24 + 1) / 10 before its end
    hit = sigmoid(-0.6) / sigmoid(-1.0)
    assert score("nab_raw", events, alarms.tolist()) == pytest.approx(hit)
    assert score("nab", events, alarms.tolist()) == pytest.approx(100 * (hit + 1) / 2)

    alarms[30] = 1  # just behind the window: nearly no loss
    alarms[60] = 1  # far behind: the whole loss
    expected = hit + 0.11 * sigmoid(1 / 9) - 0.11
    assert score("nab_raw", events, alarms.tolist()) == pytest.approx(expected)


def test_profiles_weigh_false_alarms_and_misses() -> None:
    events = [0] * 50 + [1] * 10
    alarms = [0.0] * 60
    assert score("nab_raw", events, alarms, profile="reward_low_fn_rate") == -2.0
    alarms[30] = 1.0
    assert score("nab_raw", events, alarms) == pytest.approx(-1.11)
    assert score("nab_raw", events, alarms, profile="reward_low_fp_rate") == pytest.approx(-1.22)


def test_the_start_is_not_judged() -> None:
    assert probation(100) == 15
    assert probation(22695) == 750
    alarms = [1.0] * 15 + [0.0] * 85
    assert score("nab_raw", [0] * 90 + [1] * 10, alarms) == -1.0
    with pytest.raises(UndefinedMetricError):
        score("nab", [0] * 100, alarms)
