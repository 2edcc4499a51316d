"""The outcome of checking a pack: steps with their durations and findings, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

__all__ = ["FINDINGS", "STEPS", "CheckReport", "Finding", "Level", "Renderable", "StepReport"]

STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "structure": ("结构与题面", "structure and statements"),
    "data": ("数据", "data"),
    "reproducible": ("生成可复现", "generator is reproducible"),
    "leaks": ("真值泄漏", "leaks of the truth"),
    "sample": ("提交样例", "sample submission"),
    "malformed": ("畸形答案", "malformed answers"),
    "perfect": ("满分答案", "perfect answer"),
    "baseline": ("基线", "baseline"),
}

FINDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "details": ("{what}", "{what}"),
    "generated": ("生成 {files} 个文件，共 {bytes} 字节", "{files} files, {bytes} bytes"),
    "generator_failed": ("generate.py 失败：{reason}", "generate.py failed: {reason}"),
    "missing": ("缺少 {path}", "{path} is missing"),
    "missing_sample": ("缺少提交样例 {path}", "the sample submission {path} is missing"),
    "no_board": ("没有任何榜的真值", "no board has a truth"),
    "shared_keys": (
        "A、B 两榜的真值有 {count} 个相同的键，例如 {examples}",
        "the truths of A and B share {count} keys, for example {examples}",
    ),
    "bytes_differ": (
        "同一种子两次生成的 {path} 不同",
        "{path} differs between two runs with one seed",
    ),
    "file_only_once": ("{path} 只在两次生成之一中出现", "{path} appears in one of two runs only"),
    "shipped": ("数据随包提供，无需生成", "the data are shipped, nothing to generate"),
    "truth_copied": (
        "{visible} 与真值 {truth} 内容相同",
        "{visible} has the content of the truth {truth}",
    ),
    "column_leak": (
        "{visible} 的列“{column}”泄漏 {board} 榜真值“{target}”（一致度 {score}）",
        "the column “{column}” of {visible} gives away {board}'s “{target}” (agreement {score})",
    ),
    "order_leak": (
        "{board} 榜“{target}”与 {what} 的次序相关（效应量 {score}）",
        "{board}'s “{target}” follows the order of {what} (effect size {score})",
    ),
    "no_leak": (
        "检查了 {files} 个可见文件，未发现泄漏",
        "{files} visible files checked, no leak found",
    ),
    "scored": ("{board} 榜：{scores}", "{board}: {scores}"),
    "refused": ("答案被拒绝", "the answer was refused"),
    "invalid_scores": ("{board} 榜得分无效", "{board}: the scores are invalid"),
    "scorer_error": ("评分程序出错", "the scorer failed"),
    "truth_error": ("真值无法使用", "the truth cannot be used"),
    "malformed_accepted": (
        "畸形答案“{name}”未被拒绝",
        "the malformed answer “{name}” was not refused",
    ),
    "malformed_crash": (
        "畸形答案“{name}”使评分程序出错",
        "the malformed answer “{name}” crashes the scorer",
    ),
    "malformed_refused": (
        "{count} 种畸形答案均被正确处理",
        "{count} malformed answers are handled",
    ),
    "not_perfect": (
        "满分答案在 {board} 榜列 {column} 得 {score}，应为 {best}",
        "the perfect answer scores {score} on {board}, column {column}, not {best}",
    ),
    "skipped_scorer": (
        "自带评分程序，无从构造满分答案",
        "the pack has its own scorer: no perfect answer is known",
    ),
    "no_sample": ("原比赛没有示例提交，未试评", "the bundle brought no sample: none was scored"),
    "no_baseline": ("没有基线", "there is no baseline"),
    "no_code": ("不接受代码提交，基线不运行", "code is not accepted, the baseline is not run"),
    "needs_gpu": (
        "基线需要 {gpus} 块 GPU，此处未运行：发布后由相应的节点运行",
        "the baseline needs {gpus} GPUs and is not run here but, once published, where they are",
    ),
    "baseline_failed": (
        "基线在 {board} 榜运行失败：{reason}",
        "the baseline failed on {board}: {reason}",
    ),
    "baseline_off": (
        "基线在 {board} 榜列 {column} 得 {score}，记录为 {recorded}，容差 {tolerance}",
        "the baseline scores {score} on {board}, column {column}, not {recorded} ± {tolerance}",
    ),
    "not_recorded": (
        "基线在 {board} 榜的得分未记录",
        "the baseline's scores on {board} are not recorded",
    ),
}


class Renderable(Protocol):
    """Anything that can say itself in a language."""

    def render(self, locale: str) -> str:
        """Return the text."""


class Level(StrEnum):
    """How much a finding matters."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a step found; `details` are messages of other parts that explain it."""

    level: Level
    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    details: tuple[Renderable, ...] = ()

    def render(self, locale: str) -> str:
        """Say it, the details below it, indented."""
        text = FINDINGS[self.code][_column(locale)].format_map(self.params)
        return "\n    ".join([text, *(detail.render(locale) for detail in self.details)])


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step of the check and the seconds it took."""

    name: str
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def is_ok(self) -> bool:
        """Whether nothing in it is an error."""
        return all(finding.level is not Level.ERROR for finding in self.findings)

    def render(self, locale: str) -> str:
        """Return the step's title line and its findings."""
        marks = ("通过", "未通过") if _column(locale) == 0 else ("ok", "FAILED")
        title = f"{STEPS[self.name][_column(locale)]}: {marks[0 if self.is_ok else 1]}"
        lines = [f"{title} ({self.seconds:.1f} s)"]
        lines += [
            f"  {_MARKS[finding.level]} {finding.render(locale)}" for finding in self.findings
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All steps that were run, in order; a failed structure or data step ends the check."""

    steps: tuple[StepReport, ...]

    @property
    def is_ok(self) -> bool:
        """Whether the pack may be published."""
        return all(step.is_ok for step in self.steps)

    @property
    def seconds(self) -> float:
        """How long the check took."""
        return sum(step.seconds for step in self.steps)

    def render(self, locale: str) -> str:
        """Return the whole report as text."""
        return "\n".join(step.render(locale) for step in self.steps)


_MARKS: Final = {Level.NOTE: "-", Level.WARNING: "?", Level.ERROR: "!"}


def _column(locale: str) -> int:
    return 0 if locale.lower().startswith("zh") else 1
