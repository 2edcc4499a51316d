"""Makes packs of what was read: each entry of a competition becomes a folder of its own."""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

from problems.bundles.files import plain_files
from problems.bundles.layout import CONFIG_FILE, PROGRAMS, RUN_FILE
from problems.bundles.model import Competition, Entry, ScoreColumn
from problems.bundles.statements import write_statements
from problems.spec import Area, BundleFormat

__all__ = ["Choices", "Draft", "name_slugs", "write_pack", "write_yaml"]

MOST_ANSWER: Final = "100MiB"
_LONGEST_SLUG: Final = 64
_LONGEST_TITLE: Final = 200
_SCORERS: Final = {
    BundleFormat.CODABENCH: "codabench_scorer.py",
    BundleFormat.EVALAI: "evalai_scorer.py",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a bundle does not say and an organiser chooses."""

    slug: str = ""
    area: Area = Area.DESIGN
    licence: str = "see the rules"


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack that was written."""

    slug: str
    directory: Path
    entry: Entry


def name_slugs(competition: Competition, choices: Choices) -> list[str]:
    """Return the slug of each entry: the competition's, and the phase's where there are several."""
    plain = re.sub(r"[^a-z0-9]+", "-", (choices.slug or competition.title).lower()).strip("-")
    base = plain or "imported"
    if len(base) < 3:  # noqa: PLR2004 — the shortest slug there is
        base = f"{base}-contest"
    slugs: list[str] = []
    for entry in competition.entries:
        end = f"-{entry.suffix}" if len(competition.entries) > 1 else ""
        slug, number = _joined(base, end), 2
        while slug in slugs:
            slug, number = _joined(base, f"{end}-{number}"), number + 1
        slugs.append(slug)
    return slugs


def _joined(base: str, end: str) -> str:
    return f"{base[: _LONGEST_SLUG - len(end)].rstrip('-')}{end}"[:_LONGEST_SLUG]


def write_pack(
    competition: Competition, entry: Entry, slug: str, choices: Choices, directory: Path
) -> Draft:
    """Write the pack of one entry into a new folder."""
    directory.mkdir(parents=True)
    write_yaml(directory / "problem.yaml", _description(competition, entry, slug, choices))
    write_statements(competition, entry, directory)
    adapters = files("problems.bundles.adapters")
    _write(directory / "scorer.py", (adapters / _SCORERS[entry.format]).read_text("utf-8"))
    if entry.takes_code:
        _write(directory / RUN_FILE, (adapters / "codabench_run.py").read_text("utf-8"))
    _write(directory / CONFIG_FILE, _as_json(_config(entry)))
    for name, program in entry.programs.items():
        _copy(program, directory / PROGRAMS / name)
    _write_data(entry, directory / "data")
    if entry.takes_code and entry.sample is not None:
        _copy(entry.sample, directory / "baseline")
    return Draft(slug, directory, entry)


def _description(
    competition: Competition, entry: Entry, slug: str, choices: Choices
) -> dict[str, object]:
    title = competition.title or slug
    if len(competition.entries) > 1:
        title = f"{title} · {entry.name}"
    summary = competition.description or entry.description or title
    return {
        "version": 1,
        "slug": slug,
        "title": _both(title),
        "summary": _both(" ".join(summary.split())[:2000]),
        "area": choices.area.value,
        "tags": ["imported"],
        "licence": choices.licence,
        "submission": {
            "kinds": ["code" if entry.takes_code else "predictions"],
            "file": entry.answer_file,
            "max_bytes": MOST_ANSWER,
        },
        "scoring": {
            "partition": "rows",
            "scorer": "scorer.py",
            "columns": [_column(column) for column in entry.columns],
        },
        "resources": {"image": "python-cpu", "memory": "2GiB", "time": f"{entry.time_s}s"},
        "limits": {"submissions_per_day": entry.per_day, "team_size": 5},
        "bundle": {"format": entry.format.value, "settings": dict(_settings(entry))},
    }


def _both(text: str) -> dict[str, str]:
    return {"zh-Hans": text[:2000], "en": text[:2000]}


def _column(column: ScoreColumn) -> dict[str, object]:
    formula = {"formula": column.formula} if column.formula else {}
    primary = {"primary": True} if column.is_primary else {}
    return {
        "key": column.key,
        **formula,
        "direction": "max" if column.is_higher_better else "min",
        "decimals": column.decimals,
        **primary,
        "title": _both(column.title),
    }


def _config(entry: Entry) -> dict[str, object]:
    return {
        "answer": entry.answer_file,
        "commands": {name: list(command) for name, command in entry.commands.items()},
        "columns": {column.name: column.key for column in entry.columns if not column.formula},
        "phase": entry.phase_codename,
        "splits": list(entry.known_splits),
        "shows_errors": entry.shows_errors,
    }


def _write_data(entry: Entry, data: Path) -> None:
    public = data / "public"
    public.mkdir(parents=True)
    for folder in entry.public:
        _copy(folder.folder, public / folder.name)
    if entry.sample is not None and not entry.takes_code:
        _zip(entry.sample, public / f"sample_{entry.answer_file}")
    if not any(public.iterdir()):
        _write(public / "README.txt", "This problem has no public files.\n")
    if entry.takes_code:
        _copy_or_note(entry.input, data / "input", "There is no input data.\n")
    for name, board in entry.boards.items():
        truth = data / name / "truth"
        truth.mkdir(parents=True)
        if entry.format is BundleFormat.EVALAI:
            _write(truth / "split.json", _as_json({"split": board.split}))
            for file, path in board.truth.items():
                (truth / "annotation").mkdir(exist_ok=True)
                shutil.copyfile(path, truth / "annotation" / file)
        else:
            _copy_or_note(board.truth.get(""), truth, "There is no reference data.\n")


def _copy_or_note(source: Path | None, target: Path, note: str) -> None:
    if source is not None:
        _copy(source, target)
    if not target.is_dir() or not any(target.iterdir()):
        target.mkdir(parents=True, exist_ok=True)
        _write(target / "README.txt", note)


def _copy(source: Path, target: Path) -> None:
    """Copy the plain files of a folder, whether they may be executed included."""
    target.mkdir(parents=True, exist_ok=True)
    for name, path in plain_files(source):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        place.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _zip(source: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in plain_files(source):
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)


def _settings(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield what an organiser would set by hand."""
    opens, closes = entry.opens_at, entry.closes_at
    yield "a.opens_at", "never" if entry.is_shut or opens is None else opens.isoformat()
    yield "a.closes_at", "never" if closes is None else closes.isoformat()
    yield "counts", entry.counts.value
    hidden = [column.key for column in entry.columns if column.is_hidden]
    if hidden:
        yield "hidden_columns", ", ".join(hidden)
    if entry.is_board_hidden:
        yield "visible_to", "own"


def write_yaml(path: Path, data: Mapping[str, object]) -> None:
    """Write a mapping as YAML that reads back as the same, keys in their order."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # None is “sort”
    writer.allow_unicode = True
    writer.width = 4096
    stream = io.StringIO()
    writer.dump(dict(data), stream)
    _write(path, stream.getvalue())


def _as_json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
