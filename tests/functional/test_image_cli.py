"""`flask image …` where an engine answers."""

import pytest
from flask import Flask

from app.compute.image_cli import commands

pytestmark = [pytest.mark.functional, pytest.mark.docker]


def call(app: Flask, *arguments: str) -> list[str]:
    result = app.test_cli_runner().invoke(commands, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_what_is_built_is_listed_with_its_id(app: Flask) -> None:
    digest = call(app, "build", "python-cpu")[-1].removeprefix("sha256:")
    (line,) = (line.split("\t") for line in call(app, "list") if line.startswith("python-cpu\t"))
    assert len(digest) == 64
    assert line[1:3] == ["built", digest[:12]]
    assert line[4].endswith(" d")


def test_what_is_needed_is_not_removed(app: Flask) -> None:
    call(app, "build", "python-cpu")
    gone = call(app, "prune", "common", "--days", "0", "--keep", "0")
    assert not [line for line in gone if line.startswith("baijing/")]
    kept = call(app, "prune", "python-cpu", "--keep", "0", "--days", "3650", "--dry-run")
    assert not [line for line in kept if line.startswith("baijing/")]
