"""Somebody at a terminal with `baijing`, before a site that a thread serves."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from app.accounts import operations as accounts
from app.core.platform import Platform
from app.problems.models import Problem
from app.settings import Settings
from baijing.cli import main
from baijing.errors import Exit
from tests.factories import make_user
from tests.factories.accounts import CREATED


@dataclass
class Person:
    """Somebody with a terminal that is none, and a home folder."""

    address: str
    token: str
    home: Path
    platform: Platform
    settings: Settings

    def types(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        known = {
            "XDG_CONFIG_HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "BAIJING_URL": self.address,
            **environment,
        }
        known.setdefault("BAIJING_TOKEN", self.token)
        status = main(arguments, known, out, err)
        assert self.token not in out.getvalue() + err.getvalue()
        return status, out.getvalue(), err.getvalue()

    def asks(self, *arguments: str) -> dict[str, Any]:
        status, out, err = self.types(*arguments, "--json")
        assert status == Exit.OK, err
        answer: dict[str, Any] = json.loads(out)
        return answer


@contextmanager
def sit_down(app: Flask, platform: Platform, settings: Settings, home: Path) -> Iterator[Person]:
    """Open the first stage of the published problem, and serve the site."""
    with platform.database.transaction() as session:
        session.scalars(select(Problem)).one().stages[0].opens_at = CREATED
        user = make_user(session, name="Li Lei")
        token = accounts.create_token(session, user, "test", now=CREATED)[1]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Person(f"http://127.0.0.1:{server.port}", token, home, platform, settings)
    server.shutdown()
    thread.join()
    server.server_close()
