"""The registry of built-in metrics, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scoring.metrics import (
    alarms,
    boxes,
    detection,
    extraction,
    forecasts,
    intervals,
    labels,
    masks,
    ordered,
    plans,
    probabilities,
    regression,
    retrieval,
    schemas,
    texts,
)
from scoring.metrics.base import Metric

__all__ = ["METRICS", "Metric"]

_FAMILIES: Final = (
    labels,
    ordered,
    probabilities,
    detection,
    regression,
    forecasts,
    intervals,
    alarms,
    boxes,
    masks,
    retrieval,
    texts,
    extraction,
    schemas,
    plans,
)

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        name: metric
        for family in _FAMILIES
        for metric in family.FAMILY
        for name in (metric.name, *metric.aliases)
    }
)
