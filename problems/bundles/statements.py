"""The two statements of an imported problem: the bundle's pages below our fixed headings."""

from pathlib import Path
from typing import Final

from problems.bundles.model import Competition, Entry, Page
from problems.statements import HEADINGS

__all__ = ["write_statements"]

_WORDS: Final = {
    "zh-Hans": {
        "none": "原比赛没有说明。",
        "files": "可下载的文件见“数据”页。",
        "zip": "提交一个 zip 压缩包，评分程序看到的是解压后的内容，文件路径不变。",
        "code": "提交一个 zip 压缩包，内含由比赛的程序导入并运行的代码；运行环境见“规则”页。",
        "file": "提交一个文件，平台将其命名为 `{name}`。",
        "columns": "排行榜列：",
        "max": "越大越好",
        "min": "越小越好",
    },
    "en": {
        "none": "The original competition says nothing about this.",
        "files": "The files to download are on the data tab.",
        "zip": "Hand in one zip; the scoring program sees its content, paths as they are.",
        "code": "Hand in one zip of the code that the competition's own program imports and runs.",
        "file": "Hand in one file, which the platform names `{name}`.",
        "columns": "Columns of the board:",
        "max": "larger is better",
        "min": "smaller is better",
    },
}
_TOPICS: Final = (
    (4, ("evaluat", "metric", "scor", "评测", "评分", "指标")),
    (3, ("submi", "particip", "guideline", "format", "提交", "参赛")),
    (2, ("data", "数据")),
    (5, ("term", "rule", "规则", "条款")),
    (1, ("task", "challenge", "任务")),
)


def write_statements(competition: Competition, entry: Entry, directory: Path) -> None:
    """Write both files: what the bundle says is the same in both, ours is in each language."""
    for locale, headings in HEADINGS.items():
        bodies = _bodies(competition, entry, locale)
        text = "\n\n".join(
            f"## {heading}\n\n{body}" for heading, body in zip(headings, bodies, strict=True)
        )
        (directory / f"statement.{locale}.md").write_text(f"{text}\n", encoding="utf-8")


def _bodies(competition: Competition, entry: Entry, locale: str) -> list[str]:
    words = _WORDS[locale]
    parts: list[list[str]] = [[] for _ in HEADINGS[locale]]
    parts[0].append(competition.description)
    parts[1].append(entry.description)
    for page in competition.pages:
        parts[_topic(page)].append(f"### {page.title}\n\n{page.text}")
    parts[2].append(words["files"])
    kind = "code" if entry.takes_code else "file"
    kind = "zip" if kind == "file" and entry.answer_file.endswith(".zip") else kind
    parts[3].append(words[kind].format(name=entry.answer_file))
    parts[4].append(_columns(entry, words))
    parts[5].append(competition.terms)
    return ["\n\n".join(part for part in body if part.strip()) or words["none"] for body in parts]


def _topic(page: Page) -> int:
    """Return which heading a page belongs below, by its title: the first unless it tells."""
    title = page.title.lower()
    return next((place for place, marks in _TOPICS if any(mark in title for mark in marks)), 0)


def _columns(entry: Entry, words: dict[str, str]) -> str:
    lines = [
        f"- {column.title}（`{column.key}`）: {words['max' if column.is_higher_better else 'min']}"
        for column in entry.columns
    ]
    return "\n".join([words["columns"], "", *lines])
