"""Problems out of an installation and into another: dumps, and bundles for Codabench."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from app.bundles.dumping import DUMP_FILE, PACK, DumpFacts, read_facts, write_dump
from app.bundles.wishes import Made, Report, Wish, digest_of, require_free
from app.core.audit import Actor, record_audit
from app.core.platform import Platform
from app.problems.hooks import SubmitBaseline
from app.problems.models import Problem
from app.problems.operations import reveal_b, set_settings
from app.problems.preparing import prepare_pack
from app.problems.publications import PACK_LIMITS
from app.problems.publishing import publish
from app.problems.queries import find_problem
from app.problems.sealed_seeds import restore_seed
from app.problems.storage import write_zip
from problems.bundles.exporting import Lost, write_codabench
from problems.pack import load_pack
from problems.seeds import SealedSeed
from sandbox.archive import list_files, unpack_zip


def is_dump(archive: Path) -> bool:
    """Say whether an archive is a dump of ours rather than another platform's bundle.

    Raises:
        ArchiveError: the archive is refused.
    """
    return any(file.path == DUMP_FILE for file in list_files(archive, PACK_LIMITS))


def import_dump(
    platform: Platform, archive: Path, wish: Wish, actor: Actor, submit_baseline: SubmitBaseline
) -> Report:
    """Make the problem of a dump as it was: pack, data, seed, settings, stages, reveal.

    Raises:
        ArchiveError, DumpDamagedError: the dump is refused.
        ProblemExistsError: the problem is there, and no update was wished.
        PackError, sandbox.SandboxError: see `prepare_pack`.
    """
    with TemporaryDirectory(dir=platform.cache, prefix="dump-") as scratch:
        root = Path(scratch) / "dump"
        root.mkdir()
        unpack_zip(archive, root, PACK_LIMITS, strip_top=False)
        facts = read_facts(root)
        require_free(platform, [facts.slug], wish)
        made_from = None
        if facts.seed is not None:
            seed = SealedSeed(int(facts.seed.seed), facts.seed.nonce)
            made_from = restore_seed(platform.seal, seed, is_public=facts.seed.is_public)
        prepared = prepare_pack(
            platform,
            root / PACK,
            seed=None,
            progress=lambda _step: None,
            made_from=made_from,
        )
        now = platform.clock.now()
        with platform.database.transaction() as session:
            is_new = find_problem(session, prepared.spec.slug) is None
            contest = (wish.contest or facts.contest) if is_new else wish.contest
            revision = publish(session, prepared, actor=actor, now=now, contest_slug=contest)
            if is_new:
                _restore(session, revision.problem, facts, actor, now)
            if prepared.baseline is not None:
                submit_baseline(session, platform, revision, prepared.baseline)
            noted = {"format": facts.format, "sha256": digest_of(archive)}
            subject = f"problem:{prepared.spec.slug}"
            record_audit(session, actor, "bundle.import", subject, noted, now=now)
            made = Made(prepared.spec.slug, revision.number)
        return Report(facts.format, (made,), ())


def _restore(
    session: Session, problem: Problem, facts: DumpFacts, actor: Actor, now: datetime
) -> None:
    """Set a new problem as the dumped one was."""
    set_settings(session, problem, facts.settings, actor=actor, now=now)
    if facts.is_b_revealed:
        reveal_b(session, problem, actor=actor, now=now)


@dataclass(frozen=True, slots=True)
class Exported:
    """The files an export made, and what the bundle cannot say; the dump says all of it."""

    dump: Path
    bundle: Path
    lost: tuple[Lost, ...]


def export_problem(platform: Platform, slug: str, into: Path, *, actor: Actor) -> Exported:
    """Write a problem as a dump and as a Codabench bundle, truths and sealed seed in the clear.

    Raises:
        ProblemNotFoundError: no such problem.
    """
    with TemporaryDirectory(dir=platform.cache, prefix="export-") as scratch:
        root = Path(scratch)
        _facts, schedule = write_dump(platform, slug, root / "dump")
        pack = load_pack(root / "dump" / PACK)
        lost = write_codabench(pack, pack.directory / "data", schedule, root / "bundle")
        into.mkdir(parents=True, exist_ok=True)
        dump, bundle = into / f"{slug}.dump.zip", into / f"{slug}.codabench.zip"
        for folder, target in ((root / "dump", dump), (root / "bundle", bundle)):
            with target.open("wb") as sink:
                write_zip(folder, sink)
    with platform.database.transaction() as session:
        facts = {"dump_sha256": digest_of(dump)}
        now = platform.clock.now()
        record_audit(session, actor, "bundle.export", f"problem:{slug}", facts, now=now)
    return Exported(dump, bundle, tuple(lost))
