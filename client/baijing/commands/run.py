"""`baijing run`: what the site would say of a submission, found out on this machine."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from baijing import engine
from baijing.commands.download import bring
from baijing.commands.submit import Delivery, open_file
from baijing.console import Console, draw_table
from baijing.errors import Exit, Issue, LocalError, RefusedError
from baijing.kept import cache_folder
from baijing.shapes import KIT, PROBLEM
from baijing.site import LANGUAGES, Json, Site, join
from baijing.texts import say


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, and how; without `data` the public files are kept in the cache."""

    problem: str
    path: Path
    kind: str
    backend: str = "auto"
    data: Path | None = None


def run(site: Site, console: Console, trial: Trial, environment: Mapping[str, str]) -> Exit:
    """Try a submission as the site would run and score it.

    Returns:
        FAILED where it fails; nothing was found where OK.

    Raises:
        RefusedError: the site would refuse the upload.
        ClientError: it cannot be tried here.
    """
    kit = site.read(join("problems", trial.problem, "trial"), KIT)
    described = site.read(join("problems", trial.problem), PROBLEM)
    files = {str(one["path"]): one for one in described["files"]}
    cache = cache_folder(environment)
    data = trial.data or cache / "data" / trial.problem
    wanted = [files[path] for path in sorted(_paths(kit, trial.kind))]
    brought = bring(site, console, trial.problem, data, wanted)
    with _workplace(cache) as work, _packed(trial, work) as submission:
        request = {
            "spec": kit["specification"],
            "kind": trial.kind,
            "submission": str(submission),
            "keys_of_sample": kit["sample_has_keys"],
            "backend": trial.backend,
            "state": str(cache / "sandbox"),
            "locale": LANGUAGES[console.language],
            **_lay_out(kit, trial.kind, brought, work),
        }
        result = _follow(console, request)
    answer = {"problem": trial.problem, "revision": kit["revision"], "kind": trial.kind, **result}
    console.answer(answer, describe(answer, kit, console.language))
    return Exit.OK if result["state"] == "passed" else Exit.FAILED


def _paths(kit: Json, kind: str) -> set[str]:
    """Return the data files that a trial of this kind takes."""
    paths = {kit["sample"]}
    if kind == "code":
        paths |= {kit["scorer"], kit["input"]["archive"]}
        paths |= {*kit["input"]["files"].values(), *kit["truth"].values()}
    return {str(path) for path in paths if path is not None}


@contextmanager
def _workplace(cache: Path) -> Iterator[Path]:
    """Give a folder beside the data, where files can be linked instead of copied."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="run-", dir=cache) as folder:
            yield Path(folder)
    except OSError as error:
        params = {"path": error.filename or cache, "reason": error.strerror or error}
        msg = "%(path)s: cannot be read or written (%(reason)s)."
        raise LocalError(msg, params) from error


@contextmanager
def _packed(trial: Trial, work: Path) -> Iterator[Path]:
    """Give the very bytes that `submit` would send."""
    delivery = Delivery(trial.problem, trial.path, trial.kind)
    with open_file(delivery) as (name, source):
        source.seek(0)
        target = work / f"submission{Path(name).suffix}"
        with target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    yield target


def _lay_out(kit: Json, kind: str, brought: Mapping[str, Path], work: Path) -> dict[str, Any]:
    """Put the public files where a run finds them; what there is not stays out."""
    found: dict[str, Any] = {}
    if kit["sample"] is not None:
        found["sample"] = str(brought[kit["sample"]])
    if kind != "code":
        return found
    if kit["scorer"] is not None:
        found["scorer"] = str(brought[kit["scorer"]])
    if kit["input"]["archive"] is not None:
        folder = work / "input"
        with zipfile.ZipFile(brought[kit["input"]["archive"]]) as archive:
            archive.extractall(folder)
        found["input"] = str(folder)
    for name, files in (("input", kit["input"]["files"]), ("truth", kit["truth"])):
        if files:
            _link(((place, brought[path]) for place, path in files.items()), work / name)
            found[name] = str(work / name)
    return found


def _link(files: Iterable[tuple[str, Path]], folder: Path) -> None:
    for place, source in files:
        parts = PurePosixPath(place).parts
        if not parts or {"..", "/"} & set(parts):
            msg = "The site names a file that cannot be trusted: %(path)s"
            raise LocalError(msg, {"path": place})
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copyfile(source, target)


def _follow(console: Console, request: Mapping[str, Any]) -> Json:
    """Show what the engine tells; return the result.

    Raises:
        RefusedError: the site would refuse the upload.
        LocalError: nothing can be run here.
    """
    result: Json = {}
    for name, value in engine.run(request):
        if name == "log":
            console.write(str(value))
        elif name == "progress":
            console.tell("%(detail)s", {"detail": value})
        elif name == "refused":
            issues = [Issue(one["loc"], one["line"], one["message"]) for one in value]
            msg = "The site would refuse this upload."
            raise RefusedError(msg, code="invalid_upload", issues=issues)
        elif name == "error":
            msg = "Nothing can be run here: %(reason)s"
            raise LocalError(msg, {"reason": value})
        else:
            result = value
    return result


def describe(answer: Json, kit: Json, language: str) -> str:
    """Return what the person wants to know of a trial."""
    lines = [f"{answer['state']}  {answer['verdict'] or ''}".rstrip()]
    lines += [_with_line(one, language) for one in answer["messages"]]
    place = answer["place"]
    for one in answer["excerpt"]:
        mark = ">" if place is not None and one["line"] == place["line"] else " "
        lines.append(f"{mark} {one['line']:>5}  {one['text']}")
    lines += _numbers(answer, kit, language)
    lines += answer["notes"]
    return "\n".join(lines)


def _with_line(message: Json, language: str) -> str:
    if message["line"] is None:
        return str(message["message"])
    return f"{say('line %(line)s', language, {'line': message['line']})}: {message['message']}"


def _numbers(answer: Json, kit: Json, language: str) -> list[str]:
    """Return time, memory and scores, against what the problem allows."""
    lines: list[str] = []
    if (used := answer["run"]) is not None:
        allowed = kit["specification"]["resources"]
        rows = [
            (say("time", language), f"{used['wall_s']:.1f} s", f"{allowed['time']} s"),
            (
                say("peak memory", language),
                _mebibytes(used["peak_memory_bytes"]),
                _mebibytes(allowed["memory"]),
            ),
        ]
        lines.append(draw_table(("", say("used", language), say("allowed", language)), rows))
    if answer["scores"]:
        lines.append(say("Scores on the public sample:", language))
        lines += [f"  {key}  {value:.6g}" for key, value in answer["scores"].items()]
    return lines


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
