"""Writes small, valid problem packs, and what their code would have done in a sandbox."""

import io
import zipfile
from pathlib import Path
from typing import Final

from app.core.audit import THE_CLOCK
from app.core.platform import Platform
from app.problems.models import Revision
from app.problems.preparing import prepare_pack
from app.problems.publishing import publish
from sandbox import Run, RunResult
from tests.fakes.ports import finished

DESCRIPTION: Final = """\
version: 1
slug: {slug}
title: {{zh-Hans: 焊点缺陷, en: Solder joints}}
summary: {{zh-Hans: 判断焊点好坏, en: Tell good joints from bad}}
area: quality-inspection
scenario:
  code: A-01
  owner: {{zh-Hans: 松山湖电子厂, en: Songshan Lake Electronics}}
  pain_point: {{zh-Hans: 漏检, en: Missed defects}}
tags: [vision]
licence: CC-BY-4.0
submission:
  kinds: [predictions, code]
  file: predictions.csv
  max_bytes: 1MiB
  table:
    key: [id]
    columns:
      id: {{type: string}}
      label: {{type: category, values: [ok, bad]}}
scoring:
  partition: {partition}
  columns:
    - {{key: accuracy, metric: accuracy, target: label, direction: max, primary: true}}
resources: {{image: python-cpu, memory: 1GiB, time: 60s}}
limits: {{submissions_per_day: 7, team_size: 4}}
"""
CHINESE: Final = ["赛题背景", "任务", "数据说明", "提交说明", "评测指标", "规则"]
ENGLISH: Final = ["Background", "Task", "Data", "Submission", "Metrics", "Rules"]
COVER: Final = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'


def write_pack(
    folder: Path, *, slug: str = "solder", partition: str = "rows", generator: bool = False
) -> Path:
    """A pack with shipped data, or with a generator that `generate` below stands in for."""
    folder.mkdir(parents=True)
    text = DESCRIPTION.format(slug=slug, partition=partition)
    (folder / "problem.yaml").write_text(text, encoding="utf-8")
    for locale, headings in (("zh-Hans", CHINESE), ("en", ENGLISH)):
        parts = "".join(f"## {heading}\n\n{heading}: words\n\n" for heading in headings)
        (folder / f"statement.{locale}.md").write_text(parts, encoding="utf-8")
    (folder / "cover.svg").write_text(COVER)
    (folder / "baseline").mkdir()
    (folder / "baseline/main.py").write_text("print('baseline')\n")
    if generator:
        (folder / "generate.py").write_text("# run by the fake sandbox\n")
    else:
        write_data(folder / "data", partition=partition)
    return folder


def write_data(data: Path, *, partition: str = "rows", label: str = "ok") -> None:
    """Six rows; with `rows` the first two are A's."""
    rows = [f"r{number}" for number in range(6)]
    answer = "id,label\n" + "".join(f"{row},{'bad' if row == 'r0' else label}\n" for row in rows)
    files = {"public/train.csv": "id,label\nt0,ok\n", "public/notes/README.md": "# data\n"}
    if partition == "rows":
        files |= {
            "public/sample_predictions.csv": answer,
            "input/test.csv": "id\n" + "\n".join(rows) + "\n",
            "A/truth/truth.csv": f"id,label\nr0,bad\nr1,{label}\n",
            "B/truth/truth.csv": f"id,label\nr2,bad\nr3,{label}\nr4,ok\nr5,ok\n",
        }
    else:
        files |= {"public/sample_predictions.csv": f"id,label\nr0,bad\nr1,{label}\n"}
        for board, ids in (("A", ("r0", "r1")), ("B", ("r2", "r3"))):
            files[f"{board}/input/test.csv"] = "id\n" + "\n".join(ids) + "\n"
            files[f"{board}/truth/truth.csv"] = f"id,label\n{ids[0]},bad\n{ids[1]},{label}\n"
    for name, content in files.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def run_scripts(run: Run) -> RunResult:
    """Do what the pack's own code would: make data, or answer as the baseline."""
    if "generate.py" in run.command:
        write_data(run.output)
    elif run.input is not None:
        ids = (run.input / "test.csv").read_text().split()[1:]
        lines = ["id,label", *(f"{row},ok" for row in ids)]
        (run.output / "predictions.csv").write_text("\n".join(lines) + "\n")
    return finished()


def zip_folder(folder: Path, *, top: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"{top}{path.relative_to(folder).as_posix()}")
    return packed.getvalue()


def publish_pack(
    platform: Platform, folder: Path, *, slug: str = "solder", partition: str = "rows"
) -> Revision:
    """Publish a small pack with shipped data, without its baseline."""
    pack = write_pack(folder, slug=slug, partition=partition)
    prepared = prepare_pack(platform, pack, seed=None, progress=lambda _step: None)
    with platform.database.transaction() as session:
        return publish(session, prepared, actor=THE_CLOCK, now=platform.clock.now())
