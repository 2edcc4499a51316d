"""The numbers in the guides are those of the code."""

import pytest

from app.accounts.names import LONGEST, SHORTEST
from app.accounts.passwords import SHORTEST as SHORTEST_PASSWORD
from app.accounts.staff_operations import RESET_LIFETIME
from app.evaluations.operations import MOST_FAULTS
from app.evaluations.outcomes import MOST_MESSAGES
from app.problems.publications import MAX_PACK_BYTES
from problems.seeds import NONCE_BYTES, SEED_BITS
from problems.spec import Limits as TeamLimits
from problems.spec import Resources
from sandbox import Limits
from sandbox.archive import ArchiveLimits
from tests.unit.docs.blocks import DOCS

RUN = Limits(wall_s=1, memory_bytes=1)
ZIP = ArchiveLimits()
MIB, GIB = 1 << 20, 1 << 30


def spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def numbers() -> dict[str, str]:
    """What each guide must say, by what it is."""
    given, files = Resources(), spaced(RUN.output_files)
    return {
        "shortest and longest name": f"{SHORTEST} to {LONGEST} characters",
        "shortest password": f"at least {SHORTEST_PASSWORD} characters",
        "password link": f"{RESET_LIFETIME.total_seconds() / 3600:g} hours",
        "complaints": f"at most {MOST_MESSAGES} complaints",
        "attempts": {3: "failed three times"}[MOST_FAULTS],
        "zip": f"{ZIP.archive_bytes // MIB} MiB; {ZIP.inflated_bytes // MIB} MiB",
        "entries": f"{spaced(ZIP.entries)} files unpacked; {ZIP.depth} folders deep",
        "scratch": f"{RUN.tmp_bytes // MIB} MiB; also",
        "time": f"{given.time} s by the clock, {given.cpus} processor",
        "memory": f"{given.memory // GIB} GiB of memory",
        "output": f"{given.output // MIB} MiB of output in at most {files} files",
        "processes": f"{RUN.processes} processes",
        "log": f"{RUN.log_bytes // MIB} MiB together",
        "flood": f"prints {RUN.log_kill_bytes // MIB} MiB",
    }


def test_the_teams_guide_tells_the_limits() -> None:
    text = " ".join((DOCS / "teams.md").read_text().split())
    assert {what: said for what, said in numbers().items() if said not in text} == {}


@pytest.mark.parametrize(
    "said",
    [
        f"不超过 {ZIP.archive_bytes // MIB} MiB",
        f"不超过 {ZIP.inflated_bytes // MIB} MiB、{spaced(ZIP.entries)} 个文件、{ZIP.depth} 层目录",
        f"{RUN.tmp_bytes // MIB} MiB",
        f"时长 {Resources().time} 秒",
        f"{spaced(RUN.output_files)} 个文件，进程和线程合计 {RUN.processes} 个",
        f"{SHORTEST} 至 {LONGEST} 个字符",
        f"不少于 {SHORTEST_PASSWORD} 个字符",
        f"每次最多 {MOST_MESSAGES} 条",
    ],
)
def test_the_chinese_guide_tells_the_same(said: str) -> None:
    assert said in (DOCS / "zh/teams.md").read_text()


def test_the_pack_document_tells_the_rest() -> None:
    text = (DOCS / "problem-packs.md").read_text()
    limits = TeamLimits()
    assert f"`{limits.submissions_per_day}`, `{limits.team_size}`" in text
    assert f"{SEED_BITS} random bits and a nonce of {NONCE_BYTES * 8}" in text
    upload = (DOCS / "organisers.md").read_text()
    assert f"at most {MAX_PACK_BYTES // GIB} GiB" in upload
