"""docs/problem-packs.md says what the loader accepts."""

import json
import re
from math import isinf

from click.testing import CliRunner

from app.problems.cli import commands
from problems.report import STEPS
from problems.spec import ProblemSpec
from scoring.metrics import METRICS
from scoring.metrics.base import Metric, Param
from scoring.run_facts import RunFact
from tests.unit.docs.blocks import DOCS, check_block, table

PAGE = DOCS / "problem-packs.md"


def test_the_table_of_metrics_is_that_of_the_registry() -> None:
    head = ["metric", "better", "range", "truth", "answer", "parameters", "definition"]
    rows = [_row(name, metric) for name, metric in METRICS.items() if name == metric.name]
    check_block(PAGE, "metrics", table(head, rows))


def test_the_table_of_what_a_run_used_is_that_of_the_code() -> None:
    said = {
        "wall_s": "seconds from the start of the program to its end",
        "cpu_s": "seconds of all its processors",
        "peak_memory_bytes": "the most memory at once",
        "gpu_s": "seconds that GPUs were held: those of the run times their number",
        "peak_gpu_memory_bytes": "the most memory on the fullest GPU",
        "code_bytes": "all files handed in, unpacked: programs, models, tables",
        "tokens": "tokens of a language model, as the program itself reports them",
    }
    rows = [
        [f"`{fact}`", said[fact.whole] + (", for each item" if fact.is_per_item else "")]
        for fact in RunFact
    ]
    check_block(PAGE, "run", table(["run", "what it is"], rows))


def test_the_table_of_keys_is_that_of_the_model() -> None:
    text = PAGE.read_text()
    missing = [
        name
        for model in _models()
        for name in model
        if not re.search(rf"`(?:[a-z_]+\.)*{re.escape(name)}[`.]", text)
    ]
    assert missing == []


def test_every_step_of_the_check_is_explained() -> None:
    text = PAGE.read_text()
    assert [name for name, (_, said) in STEPS.items() if f"| {said} |" not in text] == []


def test_the_schema_is_printed_by_the_command() -> None:
    printed = CliRunner().invoke(commands.commands["schema"]).stdout
    schema = json.loads(printed)
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(ProblemSpec.model_fields)


def _models() -> list[list[str]]:
    """The keys of every part of problem.yaml; the two of a text in two languages are shown."""
    schema = ProblemSpec.model_json_schema(by_alias=True)
    parts = [part for name, part in schema["$defs"].items() if name != "Localized"]
    return [list(part.get("properties", {})) for part in (schema, *parts)]


def _row(name: str, metric: Metric) -> list[str]:
    names = ", ".join(f"`{one}`" for one in (name, *metric.aliases))
    params = (f"`{key}`{_param(it)}" for key, it in metric.params.items())
    better = {None: "either", "max": "higher", "min": "lower"}[metric.direction]
    return [
        names,
        better,
        f"{_edge(metric.low)} … {_edge(metric.high)}",
        _truth(metric),
        _answer(metric),
        ", ".join(params),
        metric.source,
    ]


def _truth(metric: Metric) -> str:
    kind = metric.target.value
    if not metric.targets:
        return f"{kind} per answer column"
    return kind if metric.targets == ("value",) else f"{', '.join(metric.targets)} ({kind})"


def _param(param: Param) -> str:
    if param.required:
        return " (required)"
    choices = f" {' or '.join(param.choices)}" if param.choices else ""
    return choices + (f" ({param.default})" if param.default is not None else "")


def _answer(metric: Metric) -> str:
    kind = metric.prediction.value
    if metric.predictions == 1:
        return kind
    if not metric.targets:
        return f"{kind}, one or more"
    if metric.predictions is not None:
        return f"{metric.predictions} × {kind}"
    return f"{kind} per quantile" if "quantiles" in metric.params else f"{kind}, or one per class"


def _edge(value: float) -> str:
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:g}".replace("-", "−")
