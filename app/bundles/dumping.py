"""A problem as a folder: its pack with all data, its settings, stages and seed. No team's data.

The same problem gives the same bytes, on whichever installation it is.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.bundles.errors import DumpDamagedError
from app.core.platform import Platform
from app.evaluations.workspace import cached_folder
from app.problems.models import Board, Problem, Revision
from app.problems.organiser_settings import show_settings
from app.problems.queries import get_current_revision, get_problem
from app.problems.sealed_seeds import open_seed
from problems.bundles.exporting import Schedule
from problems.spec import ProblemSpec

DUMP_FILE: Final = "dump.json"
PACK: Final = "pack"


class Seed(BaseModel):
    """What the data were made from. Whoever has the dump has the truth, so it is in the clear."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,100}$")]
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,128}$")]
    is_public: bool


class DumpFacts(BaseModel):
    """`dump.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["baijing-dump"] = "baijing-dump"
    version: Literal[1] = 1
    slug: str
    contest: str
    settings: dict[str, str]
    is_b_revealed: bool
    seed: Seed | None


@dataclass(frozen=True, slots=True)
class _Blobs:
    """Where the revision's parts are: folders by their place in the pack, files by theirs."""

    folders: dict[str, str]
    files: dict[str, str]


def write_dump(platform: Platform, slug: str, folder: Path) -> tuple[DumpFacts, Schedule]:
    """Write the problem below the new folder; return what was written beside the pack.

    Raises:
        ProblemNotFoundError: no such problem.
    """
    with platform.database.reading() as session:
        problem = get_problem(session, slug)
        revision = get_current_revision(session, problem)
        facts = _facts(platform, problem, revision)
        blobs = _blobs(revision)
        stage = problem.stage(Board.A)
        schedule = Schedule(
            facts.settings,
            None if stage is None else stage.opens_at,
            None if stage is None else stage.closes_at,
        )
    _write_pack(platform, blobs, folder / PACK)
    text = json.dumps(facts.model_dump(mode="json"), ensure_ascii=False, indent=2, sort_keys=True)
    (folder / DUMP_FILE).write_text(f"{text}\n", encoding="utf-8")
    return facts, schedule


def read_facts(folder: Path) -> DumpFacts:
    """Read the `dump.json` of an unpacked dump.

    Raises:
        DumpDamagedError: it is not what `write_dump` writes.
    """
    try:
        return DumpFacts.model_validate_json((folder / DUMP_FILE).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:300]
        raise DumpDamagedError(reason=reason) from error


def _facts(platform: Platform, problem: Problem, revision: Revision) -> DumpFacts:
    seed = None
    if revision.sealed_seed is not None:
        opened = open_seed(platform.seal, revision.sealed_seed)
        seed = Seed(seed=str(opened.seed), nonce=opened.nonce, is_public=revision.seed_is_public)
    return DumpFacts(
        slug=problem.slug,
        contest=problem.contest.slug,
        settings=dict(show_settings(problem)),
        is_b_revealed=problem.b_revealed_at is not None,
        seed=seed,
    )


def _blobs(revision: Revision) -> _Blobs:
    spec = ProblemSpec.model_validate(revision.spec)
    folders = {"": revision.pack_blob}
    for board in revision.boards:
        folders[f"data/{board.board}/truth"] = board.truth_blob
        if board.input_blob is not None:
            place = "data/input" if spec.is_split_by_rows else f"data/{board.board}/input"
            folders[place] = board.input_blob
    files = {f"data/public/{file.path}": file.digest for file in revision.files}
    return _Blobs(folders, files)


def _write_pack(platform: Platform, blobs: _Blobs, pack: Path) -> None:
    for place, digest in blobs.folders.items():
        source = cached_folder(platform.blobs, platform.cache, digest)
        shutil.copytree(source, pack / place, dirs_exist_ok=True)
    for place, digest in blobs.files.items():
        target = pack / place
        target.parent.mkdir(parents=True, exist_ok=True)
        platform.blobs.fetch(digest, target)
