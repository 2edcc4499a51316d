"""A small pack around one metric, made from what the registry declares of it.

Whatever can be registered can be started with: the tests make a pack of every metric and score its
sample and its truth.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from problems.statements import HEADINGS
from scoring.metrics import METRICS
from scoring.metrics.base import Kind, Metric, Param, ParamKind
from scoring.spec import Direction

__all__ = ["example_files"]

ROWS: Final = 12
CLASSES: Final = ("ok", "faulty")
_NUMBERS: Final = (1, 3, 2, 4, 2, 1, 4, 3, 1, 4, 3, 2)
_FAULTY: Final = (0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1)
_EVENT: Final = (0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0)
_PARAMS: Final[Mapping[ParamKind, str]] = {
    ParamKind.NUMBER: "0.1",
    ParamKind.NUMBERS: "[0.1, 0.5, 0.9]",
    ParamKind.COUNT: "1",
}
_QUANTILES: Final = ("q10", "q50", "q90")

Cells = Sequence[object]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of an example: cells of the truth, types and sample cells of the answer."""

    truth: Mapping[str, Cells]
    types: Mapping[str, str]
    sample: Mapping[str, object]
    params: Mapping[str, str]


def example_files(name: str, slug: str) -> dict[str, str]:
    """Return a pack's files by path; raise `ValueError` for a metric that is not registered."""
    metric = METRICS.get(name)
    if metric is None:
        message = f"{name!r} is not a metric; there are {', '.join(METRICS)}"
        raise ValueError(message)
    columns = _columns(metric)
    files = {"problem.yaml": _problem(metric, slug, columns)}
    for locale, headings in HEADINGS.items():
        files[f"statement.{locale}.md"] = _statement(metric, columns, headings, locale)
    ids = {board: [_id(board, row) for row in range(ROWS)] for board in ("A", "B")}
    for board, names in ids.items():
        table = dict(zip(columns.truth, columns.truth.values(), strict=True))
        files[f"data/{board}/truth/truth.csv"] = _csv({"id": names, **table})
    every = [*ids["A"], *ids["B"]]
    sample = {name: [cell] * len(every) for name, cell in columns.sample.items()}
    files["data/public/sample_predictions.csv"] = _csv({"id": every, **sample})
    files["data/public/test.csv"] = files["data/input/test.csv"] = _csv({"id": every})
    return files


def _columns(metric: Metric) -> _Columns:
    params = {
        name: _PARAMS[param.kind] for name, param in metric.params.items() if _is_needed(param)
    }
    if metric.target is Kind.TEXT:
        return _of_texts(metric, params)
    if metric.target is Kind.NUMBER:
        return _of_numbers(metric, params)
    return _of_classes(metric, params)


def _is_needed(param: Param) -> bool:
    return param.required and param.kind in _PARAMS


def _of_texts(metric: Metric, params: Mapping[str, str]) -> _Columns:
    cells = dict(zip(metric.targets, metric.example, strict=True))
    first = metric.example[0]
    sample = "" if metric.reaches_best else metric.perfect(first)
    return _Columns(
        {name: [cell] * ROWS for name, cell in cells.items()},
        {"answer": "{type: string, nullable: true}"},
        {"answer": sample},
        params,
    )


def _of_numbers(metric: Metric, params: Mapping[str, str]) -> _Columns:
    holds: dict[str, Cells] = {
        "value": _NUMBERS,
        "scale": [2] * ROWS,
        "reference": [number + 1 for number in _NUMBERS],
        "event": _EVENT,
        "series": [1] * ROWS,
    }
    truth = {name: holds[name] for name in metric.targets or ("value",)}
    names: Sequence[str] = ("answer",)
    if "quantiles" in metric.params:
        names = _QUANTILES
    elif metric.predictions == len(("lower", "upper")):
        names = ("lower", "upper")
    elif not metric.targets:
        truth, names = {"width": _NUMBERS, "height": _NUMBERS[::-1]}, ("width", "height")
    middle = {"lower": 1, "upper": 4}
    return _Columns(
        truth,
        dict.fromkeys(names, "{type: number}"),
        {name: middle.get(name, 2) for name in names},
        params,
    )


def _of_classes(metric: Metric, params: Mapping[str, str]) -> _Columns:
    labels: Cells = [CLASSES[mark] for mark in _FAULTY]
    category = f"{{type: category, values: [{', '.join(CLASSES)}]}}"
    if not metric.targets:
        both = {"surface": labels, "solder": labels[::-1]}
        return _Columns(
            both, dict.fromkeys(both, category), dict.fromkeys(both, CLASSES[0]), params
        )
    if "positive" in metric.params:
        params = {**params, "positive": f"[{CLASSES[1]}]"}
    truth = {"label": labels}
    if metric.prediction is Kind.LABEL:
        return _Columns(truth, {"label": category}, {"label": CLASSES[0]}, params)
    share = "{type: number, min: 0, max: 1}"
    if "positive" in metric.params:
        return _Columns(truth, {"answer": share}, {"answer": 0.5}, params)
    names = [f"p_{name}" for name in CLASSES]
    params = {**params, "labels": f"[{', '.join(CLASSES)}]"}
    return _Columns(truth, dict.fromkeys(names, share), dict.fromkeys(names, 0.5), params)


def _problem(metric: Metric, slug: str, columns: _Columns) -> str:
    types = "\n".join(f"      {name}: {kind}" for name, kind in columns.types.items())
    params = ", ".join(f"{name}: {value}" for name, value in columns.params.items())
    optional = f"\n      params: {{{params}}}" if params else ""
    direction = metric.direction or Direction.MAX
    return f"""\
# A pack around the metric {metric.name}: replace its data and words piece by piece, and check.
version: 1
slug: {slug}
title: {{zh-Hans: {metric.name} 示例题, en: An example of {metric.name}}}
summary: {{zh-Hans: 用内置指标 {metric.name} 评分的示例。, en: An example scored by {metric.name}.}}
area: quality-inspection
tags: [example]
licence: CC-BY-4.0
submission:
  kinds: [predictions, code]
  file: predictions.csv
  max_bytes: 1MiB
  table:
    key: [id]
    columns:
      id: {{type: string}}
{types}
scoring:
  partition: rows
  columns:
    - key: score
      metric: {metric.name}
      target: [{", ".join(columns.truth)}]
      prediction: [{", ".join(columns.types)}]
      direction: {direction.value}
      primary: true{optional}
resources: {{image: python-cpu, cpus: 1, memory: 1GiB, time: 60s, output: 16MiB, network: none}}
limits: {{submissions_per_day: 3, team_size: 5}}
"""


def _statement(metric: Metric, columns: _Columns, headings: Sequence[str], locale: str) -> str:
    names = ", ".join(f"`{name}`" for name in ("id", *columns.types))
    if locale == "en":
        said = (
            "What the factory does today, and what it costs.",
            "What is to be found out.",
            "`test.csv` names the rows in its column `id`; add what is known of each.",
            f"Submit `predictions.csv` in UTF-8 with the columns {names}, one row for each `id`.",
            f"`{metric.name}`: {metric.source}.",
            "What may be used, and what may not.",
        )
    else:
        said = (
            "工厂现在怎么做，代价是什么。",
            "要解决的问题。",
            "`test.csv` 的 `id` 列给出各行编号；请补充每行的已知信息。",
            f"提交 `predictions.csv`，UTF-8 编码，列为 {names}，每个 `id` 一行。",
            f"`{metric.name}`：{metric.source}。",
            "可以用什么，不可以用什么。",
        )
    parts = zip(headings, said, strict=True)
    return "\n".join(f"## {heading}\n\n{text}\n" for heading, text in parts)


def _id(board: str, row: int) -> str:
    """Return a name that says nothing about its row or its board."""
    return hashlib.sha256(f"{board}{row}".encode()).hexdigest()[:8]


def _csv(columns: Mapping[str, Iterable[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()
