"""The registry of built-in metrics, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scoring.metrics import detection, intervals, labels, probabilities, regression
from scoring.metrics.base import Metric

__all__ = ["METRICS", "Metric"]

_FAMILIES: Final = (labels, probabilities, detection, regression, intervals)

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        name: metric
        for family in _FAMILIES
        for metric in family.FAMILY
        for name in (metric.name, *metric.aliases)
    }
)
