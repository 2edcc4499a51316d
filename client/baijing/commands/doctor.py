"""`baijing doctor`: whether this machine and this account are ready, and what to do where not."""

import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from baijing import VERSION, engine
from baijing.account import read_account
from baijing.console import Console
from baijing.errors import ClientError, DeniedError, Exit
from baijing.kept import cache_folder
from baijing.shapes import KIT, PROBLEM_ITEM, page_of
from baijing.site import Json, Site, join
from baijing.texts import say

OLDEST_PYTHON: Final = (3, 11)
MOST_SKEW_S: Final = 60.0
"""A deadline's last minute is lost to a clock that is further off."""
LEAST_FREE: Final = 8 << 30
"""Bytes: an image and its packages while it is built."""
IMAGE: Final = "python-cpu"


class Level(StrEnum):
    """How well a thing stands."""

    OK = "ok"
    WARN = "warn"
    """Some commands do not work, or not well."""
    FAIL = "fail"
    """Nothing works without it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at: how it stands, and what to do about it; texts of `baijing.texts`."""

    check: str
    level: Level
    told: str
    todo: str = ""
    params: Mapping[str, object] = field(default_factory=dict)


Now = Callable[[], datetime]


def run(
    console: Console, environment: Mapping[str, str], problem: str = "", now: Now | None = None
) -> Exit:
    """Look at everything; say one line for each, and end badly where something fails."""
    lines = list(examine(console, environment, problem, now or _now))
    shown = [_shown(line, console.language) for line in lines]
    levels = {line.level for line in lines}
    worst = next(level for level in (Level.FAIL, Level.WARN, Level.OK) if level in levels)
    console.answer({"level": worst, "checks": shown}, "\n".join(_drawn(one) for one in shown))
    return Exit.FAILED if worst is Level.FAIL else Exit.OK


def examine(
    console: Console, environment: Mapping[str, str], problem: str, now: Now
) -> Iterator[Line]:
    """Yield a line for each thing looked at."""
    yield _python()
    kit: Json | None = None
    try:
        site = Site(read_account(environment), console.language, sleep=lambda _s: None)
    except ClientError as error:
        yield Line("account", Level.FAIL, error.text, "Run `baijing login ADDRESS`.", error.params)
    else:
        yield from _site(site, now)
        if problem:
            kit = site.read(join("problems", problem, "trial"), KIT)
    yield _disk(cache_folder(environment))
    yield from _sandboxes(environment, kit)


def _python() -> Line:
    params = {"python": platform.python_version(), "version": VERSION}
    if sys.version_info[:2] < OLDEST_PYTHON:
        todo = "Install Python 3.11 or later."
        return Line("python", Level.FAIL, "Python %(python)s, baijing %(version)s", todo, params)
    return Line("python", Level.OK, "Python %(python)s, baijing %(version)s", params=params)


def _site(site: Site, now: Now) -> Iterator[Line]:
    """Ask for a list of one problem: the way there, the clocks and the token in one request."""
    address = {"address": site.account.address}
    try:
        date = site.date_of(page_of(PROBLEM_ITEM))
    except DeniedError as error:
        yield Line("site", Level.OK, "%(address)s answers.", params=address)
        todo = "Make a token at %(address)s/account/tokens, then `baijing login`."
        told = {"detail": say(error.text, site.language, error.params), **address}
        yield Line("token", Level.FAIL, "%(detail)s", todo, told)
        return
    except ClientError as error:
        todo = "Check the network, the proxy (HTTPS_PROXY) and the address."
        yield Line("site", Level.FAIL, error.text, todo, error.params)
        return
    yield Line("site", Level.OK, "%(address)s answers.", params=address)
    yield Line("token", Level.OK, "The token is accepted.")
    yield _clock(date, now())


def _clock(date: str, now: datetime) -> Line:
    try:
        skew = (now - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return Line("clock", Level.WARN, "The site does not say what time it is.")
    params = {"seconds": f"{skew:+.0f}"}
    told = "This machine's clock is %(seconds)s s from the site's."
    if abs(skew) > MOST_SKEW_S:
        todo = "Set the clock (NTP): deadlines count by the site's."
        return Line("clock", Level.WARN, told, todo, params)
    return Line("clock", Level.OK, told, params=params)


def _disk(folder: Path) -> Line:
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    params = {"free": f"{free / (1 << 30):.1f}", "path": there, "need": LEAST_FREE >> 30}
    if free < LEAST_FREE:
        todo = "Free %(need)s GiB for images and data, or set XDG_CACHE_HOME."
        return Line("disk", Level.WARN, "%(free)s GiB free in %(path)s", todo, params)
    return Line("disk", Level.OK, "%(free)s GiB free in %(path)s", params=params)


def _sandboxes(environment: Mapping[str, str], kit: Json | None) -> Iterator[Line]:
    """Look at what `baijing run` needs: without it everything else works."""
    if not engine.is_installed():
        todo = "pip install './client[run]' ./client/engine, see docs/client.md."
        yield Line("engine", Level.WARN, "`baijing run` is not installed.", todo)
        return
    image = kit["image"]["name"] if kit is not None else IMAGE
    try:
        found = engine.inspect(image, str(cache_folder(environment) / "sandbox"))
    except ClientError as error:
        yield Line("engine", Level.WARN, error.text, "Install it again.", error.params)
        return
    yield Line("engine", Level.OK, "The engine is installed.")
    yield from _backends(found)
    yield from _image(found, image, kit)


def _backends(found: Mapping[str, Any]) -> Iterator[Line]:
    any_works = found["docker"]["ok"] or found["bubblewrap"]["ok"]
    for name, todo in (
        ("docker", "Install Docker and let your account use it."),
        ("bubblewrap", "Install bubblewrap and util-linux (Linux alone)."),
    ):
        fact = found[name]
        told = {"detail": fact["detail"]}
        # one of the two is enough
        level = Level.OK if fact["ok"] or any_works else Level.WARN
        yield Line(name, level, "%(detail)s", "" if level is Level.OK else todo, told)


def _image(found: Mapping[str, Any], image: str, kit: Json | None) -> Iterator[Line]:
    params = {"image": image}
    if found["docker_image"]["ok"] or found["bubblewrap_image"]["ok"]:
        yield Line("image", Level.OK, "Image %(image)s is here.", params=params)
    else:
        todo = "The first `baijing run` builds it; that takes minutes."
        yield Line("image", Level.WARN, "Image %(image)s is not here yet.", todo, params)
    wanted = None if kit is None else kit["image"]["recipe"]
    if wanted is None:
        return
    if wanted == found["recipe"]:
        yield Line(
            "recipe",
            Level.OK,
            "It is made as on the site: %(recipe)s",
            params={"recipe": wanted[:16]},
        )
    else:
        todo = "Install the engine of the site's version."
        yield Line("recipe", Level.WARN, "The site makes image %(image)s otherwise.", todo, params)


def _shown(line: Line, language: str) -> dict[str, str]:
    return {
        "check": line.check,
        "level": line.level,
        "message": say(line.told, language, line.params),
        "todo": say(line.todo, language, line.params) if line.todo else "",
    }


def _drawn(shown: Mapping[str, str]) -> str:
    text = f"{shown['level']:<5} {shown['check']:<11} {shown['message']}"
    return f"{text}\n{'':<18}→ {shown['todo']}" if shown["todo"] else text


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
