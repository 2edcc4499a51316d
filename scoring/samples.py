"""Turn matched rows into what a metric takes: class indices, positive marks or numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import repeat

import numpy as np
import pandas as pd

from scoring.cells import Array
from scoring.errors import TruthError
from scoring.messages import Message
from scoring.metrics import METRICS
from scoring.metrics.base import Kind, Memo, Metric, Sample
from scoring.spec import (
    BoardColumn,
    ColumnKind,
    ColumnType,
    ParamValue,
    Scoring,
    SubmissionTable,
)
from scoring.tables import Table
from scoring.types import FloatArray, IntArray, TextArray

__all__ = ["build_sample", "class_order", "target_type", "truth_columns"]

SHOWN = 12


def truth_columns(table: SubmissionTable, scoring: Scoring) -> dict[str, ColumnType]:
    """Return the columns to read of a truth, with their types."""
    wanted = {name: table.columns[name] for name in table.key}
    for column in scoring.measured:
        for place, name in enumerate(column.target or ()):
            wanted.setdefault(name, target_type(column, table, place))
    if scoring.stratum is not None:
        wanted.setdefault(scoring.stratum, ColumnType(type=ColumnKind.STRING))
    return wanted


def target_type(column: BoardColumn, table: SubmissionTable, place: int = 0) -> ColumnType:
    """Return the type of a column's target.

    A number for a metric of numbers, text (perhaps empty) for one that reads cells; for one of
    classes, the type of the answer's column of that name, or of the prediction in that place where
    that is a class too; else text.
    """
    metric = METRICS[column.metric or ""]
    if metric.target is Kind.NUMBER:
        return ColumnType(type=ColumnKind.NUMBER)
    if metric.target is Kind.TEXT:
        return ColumnType(type=ColumnKind.STRING, nullable=True)
    names = [
        *(column.target or ())[place : place + 1],
        *(column.predictions[place : place + 1] if metric.prediction is Kind.LABEL else ()),
    ]
    for name in names:
        found = table.columns.get(name)
        if found is not None and found.type is not ColumnKind.NUMBER:
            return ColumnType(type=found.type, values=found.values)
    return ColumnType(type=ColumnKind.STRING)


def class_order(column: BoardColumn, table: SubmissionTable) -> tuple[str, ...]:
    """Return the classes that several probability columns stand for, in order; () if unknown."""
    labels = column.params.get("labels")
    if isinstance(labels, tuple):
        return tuple(str(label) for label in labels)
    values = target_type(column, table).values  # noqa: PD011 - not an array
    return values or ()


def build_sample(
    metric: Metric,
    column: BoardColumn,
    table: SubmissionTable,
    given: Table,
    true: Table,
    memo: Memo | None = None,
) -> Sample:
    """Build one column's sample from rows already matched; raise `TruthError`.

    Columns of the same rows may share a `memo`.
    """
    memo = memo or Memo()
    sample = _build(metric, column, table, given, true, memo)
    return replace(sample, targets=column.target or (), memo=memo)


def _build(
    metric: Metric,
    column: BoardColumn,
    table: SubmissionTable,
    given: Table,
    true: Table,
    memo: Memo,
) -> Sample:
    names = column.predictions
    is_marked = metric.target is Kind.LABEL and metric.prediction is not Kind.LABEL
    if metric.targets and is_marked and len(names) == 1:
        marks = memo.once(
            ("marks", column.target, column.params.get("positive")),
            lambda: _marks(true, column),
        )
        return _sample(marks, _numbers([given.columns[names[0]]]), given, column)
    truths = [true.columns[name] for name in column.target or ()]
    predictions = [given.columns[name] for name in names]
    if metric.target is Kind.NUMBER:
        return _sample(_numbers(truths), _numbers(predictions), given, column)
    if metric.target is Kind.TEXT:
        return _texts_sample(truths, predictions, given, column)
    if not metric.targets:
        return _sample(*_jointly_coded(truths, predictions), given, column)
    return _classes_sample(metric, column, table, given, _texts(truths[0]))


def _marks(true: Table, column: BoardColumn) -> IntArray:
    """Return 1 for the rows of a positive class, else 0; each class is looked at once."""
    name = (column.target or ("",))[0]
    if name in true.texts:
        coded = true.texts[name].dictionary_encode().combine_chunks()
        codes, texts = coded.indices.to_numpy(), _objects(coded.dictionary.to_pylist())
    else:
        codes, classes = pd.factorize(true.columns[name])
        texts = _texts(classes)
    marks: IntArray = _isin(texts, _positive(texts, column))[codes]
    return marks


def _classes_sample(
    metric: Metric, column: BoardColumn, table: SubmissionTable, given: Table, texts: Array
) -> Sample:
    predictions = [given.columns[name] for name in column.predictions]
    if metric.prediction is Kind.LABEL:
        answers = _texts(predictions[0])
        if "positive" in metric.params:
            positive = _positive(texts, column)
            return _sample(_isin(texts, positive), _isin(answers, positive), given, column)
        codes, _ = pd.factorize(np.concatenate([texts, answers]))
        return _sample(codes[: len(texts)], codes[len(texts) :], given, column)
    indices = _indices(texts, class_order(column, table), column)
    return _sample(indices, _numbers(predictions), given, column)


def _sample(
    truth: FloatArray | IntArray,
    prediction: FloatArray | IntArray,
    given: Table,
    column: BoardColumn,
) -> Sample:
    return Sample(truth, prediction, given.lines, column.predictions, _params(column))


def _texts_sample(
    truths: Sequence[Array], predictions: Sequence[Array], given: Table, column: BoardColumn
) -> Sample:
    nothing = np.empty(0)
    return Sample(
        nothing,
        nothing,
        given.lines,
        column.predictions,
        _params(column),
        _filled(truths),
        _filled(predictions),
    )


def _params(column: BoardColumn) -> Mapping[str, ParamValue]:
    known = METRICS[column.metric or ""].params
    defaults = {name: param.default for name, param in known.items() if param.default is not None}
    return {**defaults, **column.params}


def _filled(columns: Sequence[Array]) -> TextArray:
    """Return columns of text side by side, an empty cell as an empty text."""
    stacked = np.empty((len(columns[0]), len(columns)), dtype=object)
    for place, column in enumerate(columns):
        stacked[:, place] = ["" if cell is None else str(cell) for cell in column.tolist()]
    return stacked


def _jointly_coded(
    truths: Sequence[Array], predictions: Sequence[Array]
) -> tuple[IntArray, IntArray]:
    """Number the classes of each pair of columns: equal classes get equal numbers, shape (n, k)."""
    pairs = [
        pd.factorize(np.concatenate([_texts(truth), _texts(prediction)]))[0]
        for truth, prediction in zip(truths, predictions, strict=True)
    ]
    codes = np.stack(pairs, axis=1).astype(np.int64)
    half = len(truths[0])
    return codes[:half], codes[half:]


def _numbers(predictions: Sequence[Array]) -> FloatArray:
    """Return one column as (n,), several as (n, k)."""
    columns = [prediction.astype(np.float64, copy=False) for prediction in predictions]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _texts(values: Array) -> Array:
    """Write classes as text, as `problem.yaml` writes them: 3, true, ok."""
    if values.dtype == object:
        return values
    texts = np.empty(len(values), dtype=object)
    texts[:] = [str(value).lower() for value in values.tolist()]
    return texts


def _objects(values: Sequence[str]) -> Array:
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts


def _positive(texts: Array, column: BoardColumn) -> tuple[str, ...]:
    """Return the positive classes: those the pack names, else `1`, or `true`, where it is clear."""
    given = column.params.get("positive")
    if given is not None:
        parts = given if isinstance(given, tuple) else (given,)
        return tuple(str(part).lower() if isinstance(part, bool) else str(part) for part in parts)
    seen = sorted(map(str, pd.unique(texts)))
    if set(seen) <= {"0", "1"}:
        return ("1",)
    if {text.lower() for text in seen} <= {"false", "true"}:
        return tuple(text for text in seen if text.lower() == "true") or ("true",)
    shown = ", ".join(text[:60] for text in seen[:SHOWN])
    raise TruthError(Message("truth_positive", {"allowed": shown}, None, column.predictions[0]))


def _isin(texts: Array, classes: Sequence[str]) -> IntArray:
    return pd.Series(texts).isin(classes).to_numpy().astype(np.int64)


def _indices(texts: Array, classes: Sequence[str], column: BoardColumn) -> IntArray:
    codes = {name: code for code, name in enumerate(classes)}
    indices = np.fromiter(map(codes.get, texts.tolist(), repeat(-1)), np.int64, len(texts))
    if len(indices) and indices.min() < 0:
        unknown = str(texts[int(indices.argmin())])[:60]
        params = {"value": unknown, "allowed": ", ".join(classes)}
        raise TruthError(Message("truth_class", params, None, (column.target or ("",))[0]))
    return indices
