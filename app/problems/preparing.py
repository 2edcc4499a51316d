"""The slow half of publishing: a pack's data made in the sandbox, everything stored as blobs."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.blobs import Blob, BlobStore
from app.core.platform import Platform
from app.problems.checking import script_runner
from app.problems.covers import clean_svg
from app.problems.hooks import RequirePool
from app.problems.models import Board
from app.problems.previews import make_preview
from app.problems.queries import find_problem, get_current_revision
from app.problems.sealed_seeds import ChosenSeed, choose_seed
from app.problems.storage import StoredFile, store_file, store_files, store_folder
from problems.evaluation import board_keys
from problems.materialise import materialise
from problems.pack import Pack, find_boards, load_pack
from problems.spec import ProblemSpec

Progress = Callable[[str], None]
_DATA: Final = "data/"


@dataclass(frozen=True, slots=True)
class PreparedBoard:
    """The blobs of one board."""

    board: Board
    input: Blob | None
    truth: str
    keys: str | None


@dataclass(frozen=True, slots=True)
class PreparedPack:
    """A pack whose data is made and stored: all that is left is to write rows."""

    spec: ProblemSpec
    statements: Mapping[str, str]
    digest: str
    pack_blob: str
    cover_blob: str | None
    files: tuple[StoredFile, ...]
    boards: tuple[PreparedBoard, ...]
    seed: ChosenSeed | None
    baseline: Blob | None
    """A zip of the baseline's folder, to be submitted once the revision is committed."""


def prepare_pack(  # noqa: PLR0913 — a pack, its seed, who listens and who may refuse
    platform: Platform,
    directory: Path,
    *,
    seed: int | None,
    progress: Progress,
    owner: str = "",
    require_pool: RequirePool | None = None,
    made_from: ChosenSeed | None = None,
) -> PreparedPack:
    """Load a pack, make its data in the sandbox and store everything; no transaction is open.

    `seed` None draws a sealed one, or keeps the sealed one of the revision in force, so that a
    corrected statement does not change the data. `owner` marks the run in the sandbox.
    `require_pool` refuses, before anything is made, what no pool of workers could run. `made_from`
    is the seed of data that lie in the pack already: nothing is generated then.

    Raises:
        PackError: the pack is malformed.
        MaterialiseError: its generator fails, or there is no data.
        CoverError: the cover is not SVG.
        AppError: what `require_pool` raises.
        sandbox.SandboxError: the sandbox is out of order.
    """
    pack = load_pack(directory)
    if require_pool is not None and pack.spec.takes_code:
        with platform.database.reading() as session:
            require_pool(session, pack.spec.resources, platform.clock.now())
    chosen = made_from or _choose_seed(platform, pack, seed)
    with tempfile.TemporaryDirectory(dir=platform.cache, prefix="publish-") as scratch:
        data = materialise(
            pack,
            None if chosen is None or made_from is not None else chosen.seed,
            Path(scratch) / "data",
            script_runner(platform, owner=owner),
        )
        progress("store")
        return _store(platform.blobs, pack, data, chosen, Path(scratch))


def _choose_seed(platform: Platform, pack: Pack, seed: int | None) -> ChosenSeed | None:
    if not pack.has_generator:
        return None
    with platform.database.reading() as session:
        problem = find_problem(session, pack.spec.slug)
        current = None if problem is None else get_current_revision(session, problem)
    return choose_seed(platform.seal, explicit=seed, current=current)


def _store(
    blobs: BlobStore, pack: Pack, data: Path, seed: ChosenSeed | None, scratch: Path
) -> PreparedPack:
    boards = tuple(
        _store_board(blobs, pack, data, Board(board), scratch) for board in find_boards(data)
    )
    cover = pack.directory / "cover.svg"
    return PreparedPack(
        spec=pack.spec,
        statements=dict(pack.statements),
        digest=pack.digest,
        pack_blob=store_folder(
            blobs, pack.directory, keep=lambda name: not name.startswith(_DATA)
        ).digest,
        cover_blob=_store_cover(blobs, cover, scratch) if cover.is_file() else None,
        files=store_files(blobs, data / "public", make_preview),
        boards=boards,
        seed=seed,
        baseline=store_folder(blobs, pack.directory / "baseline") if pack.has_baseline else None,
    )


def _store_board(
    blobs: BlobStore, pack: Pack, data: Path, board: Board, scratch: Path
) -> PreparedBoard:
    rows = pack.spec.is_split_by_rows
    given = data / "input" if rows else data / board / "input"
    has_input = given.is_dir() and (pack.spec.takes_code or not rows)
    return PreparedBoard(
        board,
        store_folder(blobs, given) if has_input else None,
        store_folder(blobs, data / board / "truth").digest,
        _store_keys(blobs, pack, data, board, scratch),
    )


def _store_keys(
    blobs: BlobStore, pack: Pack, data: Path, board: Board, scratch: Path
) -> str | None:
    """Store the keys an answer for this board must hold; nothing else of the truth is kept."""
    keys = board_keys(pack, data, board)
    if keys is None:
        return None
    path = scratch / f"keys-{board}.json"
    keys.write(path)
    return store_file(blobs, path).digest


def _store_cover(blobs: BlobStore, cover: Path, scratch: Path) -> str:
    cleaned = scratch / "cover.svg"
    cleaned.write_bytes(clean_svg(cover.read_bytes()))
    return store_file(blobs, cleaned).digest
