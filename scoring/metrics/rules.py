"""Do a table and its board columns fit the metrics they name? Every misfit with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from scoring.metrics import METRICS
from scoring.metrics.base import Kind, Metric, Param, ParamKind
from scoring.samples import class_order
from scoring.spec import BoardColumn, ColumnKind, ColumnType, ParamValue, SubmissionTable

__all__ = ["Misfit", "find_misfits", "has_losses"]


_NUMBERS: Final = (ColumnKind.NUMBER, ColumnKind.INTEGER)
_CLASSES: Final = (
    ColumnKind.CATEGORY,
    ColumnKind.STRING,
    ColumnKind.INTEGER,
    ColumnKind.BOOLEAN,
)
_ALLOWED: Final[Mapping[Kind, tuple[ColumnKind, ...]]] = {
    Kind.LABEL: _CLASSES,
    Kind.NUMBER: _NUMBERS,
    Kind.SCORE: _NUMBERS,
    Kind.PROBABILITY: _NUMBERS,
    Kind.TEXT: (ColumnKind.STRING,),
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A rule a board column breaks: the key within the column, a code, its parameters."""

    place: tuple[str | int, ...]
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


def find_misfits(column: BoardColumn, table: SubmissionTable) -> Iterator[Misfit]:
    """Yield what keeps a column's metric from being computed on such answers."""
    metric = METRICS.get(column.metric or "")
    if metric is None:
        yield Misfit(
            ("metric",), "not_allowed", {"value": column.metric or "", "allowed": _known()}
        )
        return
    if metric.direction not in {None, column.direction}:
        allowed = str(metric.direction)
        yield Misfit(("direction",), "wrong_direction", {"metric": metric.name, "allowed": allowed})
    yield from _target_misfits(metric, column)
    yield from _count_misfits(metric, column, table)
    yield from _prediction_misfits(metric, column, table)
    yield from _param_misfits(metric, column)


def has_losses(column: BoardColumn) -> bool:
    """Say whether a column's score is made of what each row contributes."""
    metric = METRICS.get(column.metric or "")
    return metric is not None and metric.loss is not None


def _known() -> str:
    return ", ".join(METRICS)


def _place(column: BoardColumn) -> tuple[str | int, ...]:
    return ("prediction",) if column.prediction is not None else ("target",)


def _target_misfits(metric: Metric, column: BoardColumn) -> Iterator[Misfit]:
    count = len(column.target or ())
    if not metric.targets:
        if count != len(column.predictions):
            params: dict[str, str | int] = {"metric": metric.name, "count": count}
            yield Misfit(("target",), "target_per_prediction", params)
    elif len(metric.targets) == 1 and count != 1:
        yield Misfit(("target",), "one_target", {"metric": metric.name})
    elif count != len(metric.targets):
        params = {"metric": metric.name, "allowed": ", ".join(metric.targets), "count": count}
        yield Misfit(("target",), "target_count", params)


def _count_misfits(metric: Metric, column: BoardColumn, table: SubmissionTable) -> Iterator[Misfit]:
    count, expected = len(column.predictions), metric.predictions
    if "quantiles" in metric.params:
        quantiles = column.params.get("quantiles", ())
        expected = len(quantiles) if isinstance(quantiles, tuple) else 1
    elif not metric.targets:
        expected = None
    elif metric.predictions is None and count > 1:
        expected = len(class_order(column, table))
        if not expected:
            yield Misfit(_place(column), "classes_missing")
            return
    if expected is not None and count != expected:
        params: dict[str, str | int] = {
            "metric": metric.name,
            "allowed": expected,
            "count": count,
        }
        yield Misfit(_place(column), "prediction_count", params)


def _prediction_misfits(
    metric: Metric, column: BoardColumn, table: SubmissionTable
) -> Iterator[Misfit]:
    for name in column.predictions:
        kind = table.columns.get(name)
        if kind is None:
            allowed = ", ".join(table.columns)
            yield Misfit(_place(column), "prediction_unknown", {"name": name, "allowed": allowed})
            continue
        if kind.nullable and metric.prediction is not Kind.TEXT:
            yield Misfit(_place(column), "prediction_nullable", {"name": name})
        yield from _kind_misfits(metric, column, name, kind)


def _kind_misfits(
    metric: Metric, column: BoardColumn, name: str, kind: ColumnType
) -> Iterator[Misfit]:
    allowed = _ALLOWED[metric.prediction]
    if kind.type not in allowed:
        params = {"metric": metric.name, "name": name, "allowed": ", ".join(allowed)}
        yield Misfit(_place(column), "prediction_type", params)
    elif metric.prediction is Kind.PROBABILITY and not _is_share(kind.min, kind.max):
        yield Misfit(_place(column), "prediction_range", {"name": name})


def _is_share(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low >= 0 and high <= 1


def _param_misfits(metric: Metric, column: BoardColumn) -> Iterator[Misfit]:
    for name, param in metric.params.items():
        if param.required and name not in column.params:
            yield Misfit(("metric",), "param_missing", {"metric": metric.name, "name": name})
    for name, value in column.params.items():
        known = metric.params.get(name)
        if known is None:
            allowed = ", ".join(metric.params) or "-"
            params = {"metric": metric.name, "name": name, "allowed": allowed}
            yield Misfit(("params", name), "param_unknown", params)
        elif not _fits(known, value):
            params = {"name": name, "allowed": _described(known)}
            yield Misfit(("params", name), "param_value", params)


def _fits(param: Param, value: ParamValue) -> bool:
    if param.kind is ParamKind.LABELS:
        return value != () and (not isinstance(value, tuple) or len(set(value)) == len(value))
    if param.kind is ParamKind.CHOICE:
        return value in param.choices
    if param.kind is ParamKind.COUNT:
        return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= param.high
    if param.kind is ParamKind.NUMBER:
        return _is_between(param, value)
    return isinstance(value, tuple) and bool(value) and all(_is_between(param, v) for v in value)


def _is_between(param: Param, value: ParamValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return param.low < float(value) < param.high
    except OverflowError:  # a whole number beyond every float
        return False


def _described(param: Param) -> str:
    if param.kind is ParamKind.LABELS:
        return "[class, …]"
    if param.kind is ParamKind.CHOICE:
        return ", ".join(param.choices)
    if param.kind is ParamKind.COUNT:
        return f"1 ≤ n ≤ {param.high:g}"
    number = f"{param.low:g} < x < {param.high:g}"
    return f"[{number}, …]" if param.kind is ParamKind.NUMBERS else number
