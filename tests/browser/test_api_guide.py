"""docs/api.md works when pasted."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.accounts.operations import create_token
from app.core.clock import SystemClock
from tests.browser.site import MEMBER, Site
from tests.unit.docs.blocks import DOCS, read_block

pytestmark = [
    pytest.mark.slow,
    pytest.mark.redis,
    pytest.mark.bubblewrap,
    pytest.mark.enable_socket,
]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_guide_to_the_api_works_when_pasted(site: Site, tmp_path: Path) -> None:
    script = "\n".join(BLOCK.findall(read_block(DOCS / "api.md", "story")))
    assert script.count("curl") > 6
    environment = {**os.environ, "BASE": site.address, "TOKEN": _token(site), "SLUG": "tiny"}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count('"state": "scored"') == 1
    assert "hello" in ran.stdout
    assert '"rank": ' in ran.stdout


def _token(site: Site) -> str:
    with site.installation.platform.database.transaction() as session:
        member = session.scalars(select(User).where(User.email == MEMBER)).one()
        _row, text = create_token(session, member, "guide", now=SystemClock().now())
    return text
