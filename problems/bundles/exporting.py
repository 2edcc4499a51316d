"""Writes a pack as a Codabench bundle, version 2: `problem.yaml` the other way round.

A pack that came from Codabench gets its own programs back. Any other brings our `scoring` package
and a program that calls it, so that its scores are ours.
"""

import importlib.resources
import json
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import scoring
from problems.bundles.files import plain_files
from problems.bundles.layout import CONFIG_FILE, PROGRAMS
from problems.bundles.model import Counts
from problems.bundles.writing import write_yaml
from problems.pack import Pack
from problems.spec import BundleFormat
from problems.statements import HEADINGS, split_statement
from scoring.spec import BoardColumn, Direction

__all__ = ["Lost", "Schedule", "write_codabench"]

_RULES: Final = {
    Counts.BEST.value: "Force_Best",
    Counts.LAST.value: "Force_Last",
    Counts.CHOSEN.value: "Add",
}
_LONGEST_TITLE: Final = 36
_UNLIMITED: Final = 0
_IMAGE: Final = "codalab/codalab-legacy:py312"
_SUM: Final = re.compile(r"\w+(?: \+ \w+)+")
_MEAN: Final = re.compile(r"\((\w+(?: \+ \w+)*)\) / (\d+)")
_CALL: Final = re.compile(r"(min|max)\((\w+(?:, \w+)+)\)")

Lost = tuple[str, str]
"""What cannot be said in a bundle, in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What organisers have set: the settings by name, and when A opens and closes."""

    settings: Mapping[str, str]
    opens_at: datetime | None
    closes_at: datetime | None


def write_codabench(
    pack: Pack, data: Path, schedule: Schedule, out: Path, *, locale: str = "zh-Hans"
) -> list[Lost]:
    """Write the bundle into the new folder `out`; return what it cannot say."""
    out.mkdir(parents=True)
    lost = list(_losses(pack, schedule, data))
    board = _board(pack, schedule)
    task = _write_task(pack, data, out)
    phase: dict[str, object] = {
        "index": 0,
        "name": "A",
        "start": _date(schedule.opens_at or datetime(2026, 1, 1, tzinfo=UTC)),
        **({} if schedule.closes_at is None else {"end": _date(schedule.closes_at)}),
        "max_submissions_per_day": int(schedule.settings.get("submissions_per_day", "5")),
        "max_submissions": _UNLIMITED,
        "execution_time_limit": pack.spec.resources.time_s,
        "tasks": [0],
    }
    if (data / "public").is_dir():
        _copy(data / "public", out / "public_data")
        phase["public_data"] = "public_data"
    solutions = _write_solutions(pack, data, out)
    described = {
        "version": 2,
        "title": pack.spec.title.text(locale),
        "description": pack.spec.summary.text(locale),
        "image": "logo.png",
        "docker_image": _IMAGE,
        **_write_pages(pack, out, locale),
        "tasks": [task],
        **({"solutions": solutions} if solutions else {}),
        "phases": [phase],
        "leaderboards": [board],
    }
    (out / "logo.png").write_bytes(_blank_picture())
    write_yaml(out / "competition.yaml", described)
    return lost


def _losses(pack: Pack, schedule: Schedule, data: Path) -> Iterator[Lost]:
    if (data / "B" / "truth").is_dir():
        yield (
            "B 榜：Codabench 不能把一次提交分为公开与隐藏两部分",
            "board B: Codabench cannot split one submission into a public and a hidden part",
        )
    for column in pack.spec.scoring.timed:
        yield (
            f"列“{column.key}”取自程序的运行",
            f"the column “{column.key}”, which comes from the run",
        )
    for name in ("divisions", "freeze_hours", "refresh", "choices"):
        value = schedule.settings.get(name, "")
        if value not in {"", "0", "live"}:
            yield f"设置 {name}：{value}", f"the setting {name}: {value}"
    if (pack.directory / "cover.svg").is_file():
        yield "SVG 封面", "the cover, which is SVG"
    if not _is_codabench(pack):
        names = "pydantic, numpy, pandas, polars, pyarrow, scikit-learn, SciPy"
        yield f"评分程序需要 {names}，请核对镜像 {_IMAGE}", f"{_IMAGE} must have {names}: see to it"


def _is_codabench(pack: Pack) -> bool:
    return pack.spec.bundle is not None and pack.spec.bundle.format is BundleFormat.CODABENCH


def _board(pack: Pack, schedule: Schedule) -> dict[str, object]:
    columns = pack.spec.scoring.without_run().columns
    hidden = {name.strip() for name in schedule.settings.get("hidden_columns", "").split(",")}
    names = _original_names(pack)
    places = {column.key: place for place, column in enumerate(columns)}
    return {
        "title": "Results",
        "key": "main",
        "hidden": schedule.settings.get("visible_to") == "own",
        "primary_index": next(n for n, column in enumerate(columns) if column.primary),
        "submission_rule": _RULES[schedule.settings.get("counts", "best")],
        "columns": [
            {
                "title": (column.title.en if column.title else column.key)[:_LONGEST_TITLE],
                "key": names.get(column.key, column.key),
                "index": place,
                "sorting": "desc" if column.direction is Direction.MAX else "asc",
                "precision": column.decimals,
                "hidden": column.key in hidden,
                **(_computation(column, places) if _is_codabench(pack) else {}),
            }
            for place, column in enumerate(columns)
        ],
    }


def _original_names(pack: Pack) -> dict[str, str]:
    if not _is_codabench(pack):
        return {}
    told = json.loads((pack.directory / CONFIG_FILE).read_text(encoding="utf-8"))
    return {str(key): str(name) for name, key in told["columns"].items()}


def _computation(column: BoardColumn, places: Mapping[str, int]) -> dict[str, object]:
    """Return a formula that an import made as the computation it was made of."""
    formula = column.formula or ""
    if not formula:
        return {}
    if match := _MEAN.fullmatch(formula):
        kind, names = "avg", match[1].split(" + ")
    elif match := _CALL.fullmatch(formula):
        kind, names = match[1], match[2].split(", ")
    elif _SUM.fullmatch(formula) or formula in places:
        kind, names = "sum", formula.split(" + ")
    else:
        return {}
    return {"computation": kind, "computation_indexes": [places[name] for name in names]}


def _write_task(pack: Pack, data: Path, out: Path) -> dict[str, object]:
    _copy(data / "A" / "truth", out / "reference_data")
    task: dict[str, object] = {
        "index": 0,
        "name": "A",
        "reference_data": "reference_data",
        "scoring_program": "scoring_program",
    }
    if _is_codabench(pack):
        _copy(pack.directory / PROGRAMS / "scoring", out / "scoring_program")
    else:
        _write_own_scorer(pack, out / "scoring_program")
    if pack.spec.takes_code:
        source = data / ("input" if pack.spec.is_split_by_rows else "A/input")
        _copy(source, out / "input_data")
        task |= {"input_data": "input_data", "ingestion_program": "ingestion_program"}
        if _is_codabench(pack):
            _copy(pack.directory / PROGRAMS / "ingestion", out / "ingestion_program")
        else:
            _write_program(out / "ingestion_program", "export_run.py", "run.py")
    return task


def _write_own_scorer(pack: Pack, folder: Path) -> None:
    """Write a scoring program that scores as we do: our package, and what the pack says."""
    _write_program(folder, "export_score.py", "score.py")
    _copy(Path(str(importlib.resources.files(scoring))), folder / "scoring")
    told = pack.spec.scoring.without_run().model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    table = pack.spec.submission.table
    facts = {
        "file": pack.spec.submission.file,
        "scoring": told,
        "table": None if table is None else table.model_dump(mode="json", exclude_defaults=True),
    }
    _write_json(folder / "problem.json", facts)
    scorer = pack.spec.scoring.scorer
    if scorer is not None:
        shutil.copyfile(pack.directory / scorer, folder / "scorer.py")
    if pack.spec.bundle is not None:  # EvalAI's
        shutil.copyfile(pack.directory / CONFIG_FILE, folder / CONFIG_FILE)
        target = folder / "challenge_data" / "challenge_1"
        _copy(pack.directory / PROGRAMS / "evaluation", target)


def _write_program(folder: Path, adapter: str, name: str) -> None:
    folder.mkdir()
    text = (importlib.resources.files("problems.bundles.adapters") / adapter).read_text("utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "metadata.yaml").write_text(f"command: python3 {name}\n", encoding="ascii")


def _write_solutions(pack: Pack, data: Path, out: Path) -> list[dict[str, object]]:
    """Write the sample of answers, or the baseline's code, as the one solution."""
    sample = data / "public" / f"sample_{pack.spec.submission.file}"
    target = out / "solution"
    if pack.spec.takes_code and pack.has_baseline:
        _copy(pack.directory / "baseline", target)
    elif sample.is_file() and _is_codabench(pack):
        target.mkdir()
        with zipfile.ZipFile(sample) as archive:
            archive.extractall(target)  # one that we made
    elif sample.is_file():
        target.mkdir()
        shutil.copyfile(sample, target / pack.spec.submission.file)
    else:
        return []
    return [{"index": 0, "tasks": [0], "path": "solution"}]


def _write_pages(pack: Pack, out: Path, locale: str) -> dict[str, object]:
    """Write the statement's parts as pages, the rules as the terms."""
    folder = out / "pages"
    folder.mkdir()
    parts = split_statement(pack.statements[locale])
    *headings, rules = HEADINGS[locale]
    pages = []
    for number, heading in enumerate(headings, start=1):
        (folder / f"{number}.md").write_text(f"{parts[heading]}\n", encoding="utf-8")
        pages.append({"title": heading, "file": f"pages/{number}.md"})
    (folder / "terms.md").write_text(f"{parts[rules]}\n", encoding="utf-8")
    return {"terms": "pages/terms.md", "pages": pages}


def _date(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name, path in plain_files(source) if source.is_dir() else ():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _blank_picture() -> bytes:
    """Return a small grey PNG: the format asks for a picture."""
    side = 64
    rows = zlib.compress((b"\0" + b"\x90" * side) * side)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)), (b"IDAT", rows))
    body = b"".join(_chunk(name, content) for name, content in (*chunks, (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + body


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check
