"""Taking a bundle: unpack, read, write packs, publish them. The slow part holds no transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.bundles.dumps import import_dump, is_dump
from app.bundles.errors import ProblemExistsError
from app.bundles.wishes import Made, Report, Wish, digest_of, require_free
from app.core.audit import Actor, record_audit
from app.core.platform import Platform
from app.problems.checking import check_tools, unpack_answer
from app.problems.hooks import SubmitBaseline
from app.problems.preparing import PreparedPack, prepare_pack
from app.problems.publications import PACK_LIMITS, receive_pack
from app.problems.publishing import publish
from app.problems.queries import find_problem
from app.problems.storage import store_folder
from problems.attempts import try_baseline, try_sample
from problems.bundles.notes import Level, Note
from problems.bundles.reading import OpenedBundle, open_bundle
from problems.bundles.writing import Draft, name_slugs, write_pack
from problems.leaks import find_leaks
from problems.pack import load_pack
from problems.report import Finding
from sandbox.archive import ArchiveLimits, unpack_zip

Say = Callable[[str, str], None]
"""Told what begins: a step's name, and the slug it is about (empty for the whole bundle)."""
_SHOWN_LOST: Final = 200
MAX_UPLOAD_BYTES: Final = 100 << 20
UPLOAD_LIMITS: Final = ArchiveLimits(archive_bytes=MAX_UPLOAD_BYTES)
"""An uploaded bundle is read while its organiser waits; larger ones take the command line."""


@contextmanager
def opened(
    platform: Platform, archive: Path, limits: ArchiveLimits = PACK_LIMITS
) -> Iterator[tuple[OpenedBundle, Path]]:
    """Unpack and read a bundle; give it with a folder that is gone afterwards.

    Raises:
        ArchiveError: the archive is refused.
        BundleError: the bundle cannot be imported, with every reason.
    """
    with TemporaryDirectory(dir=platform.cache, prefix="bundle-") as scratch:
        root = Path(scratch)
        (root / "bundle").mkdir()
        unpacked = unpack_zip(archive, root / "bundle", limits)
        yield open_bundle(root / "bundle", root / "zips", unpack_answer, top=unpacked.top), root


@contextmanager
def drafted(
    platform: Platform, archive: Path, wish: Wish, limits: ArchiveLimits = PACK_LIMITS
) -> Iterator[tuple[OpenedBundle, list[Draft]]]:
    """Unpack and read a bundle and write its packs; they are gone afterwards.

    Raises:
        ArchiveError, BundleError: see `opened`.
        ProblemExistsError: a problem of that name is there, and no update was wished.
    """
    with opened(platform, archive, limits) as (bundle, root):
        slugs = name_slugs(bundle.competition, wish.choices)
        require_free(platform, slugs, wish)
        yield (
            bundle,
            [
                write_pack(bundle.competition, entry, slug, wish.choices, root / "packs" / slug)
                for slug, entry in zip(slugs, bundle.competition.entries, strict=True)
            ],
        )


def import_bundle(
    platform: Platform,
    archive: Path,
    wish: Wish,
    *,
    actor: Actor,
    submit_baseline: SubmitBaseline,
    say: Say = lambda _step, _slug: None,
) -> Report:
    """Make every problem of a bundle, or none: the whole of it, for commands.

    Raises:
        ArchiveError, BundleError, ProblemExistsError: see `drafted`.
        PackError, sandbox.SandboxError: see `prepare_pack`.
    """
    say("read", "")
    if is_dump(archive):
        return import_dump(platform, archive, wish, actor, submit_baseline)
    with drafted(platform, archive, wish) as (bundle, drafts):
        prepared, findings = [], []
        for draft in drafts:
            say("prepare", draft.slug)
            prepared.append(
                prepare_pack(platform, draft.directory, seed=None, progress=lambda _step: None)
            )
            say("try", draft.slug)
            findings.append(_try_out(platform, draft) if wish.is_tried else ())
        say("publish", "")
        with platform.database.transaction() as session:
            made = [
                _publish(session, platform, draft, pack, wish, actor, submit_baseline)
                for draft, pack in zip(drafts, prepared, strict=True)
            ]
            _note_import(session, bundle, drafts, digest_of(archive), actor, platform.clock.now())
        problems = tuple(
            Made(draft.slug, number, found)
            for draft, number, found in zip(drafts, made, findings, strict=True)
        )
        return Report(bundle.competition.format.value, problems, bundle.notes)


def receive_bundle(
    platform: Platform,
    archive: Path,
    wish: Wish,
    *,
    uploader: User,
    send: Callable[[Session, int], None],
) -> tuple[tuple[Note, ...], dict[str, int]]:
    """Accept an uploaded bundle: a worker is to check and publish each of its packs.

    `send` hands a publication to a worker when the session commits. Returns the notes, and the
    publications' numbers by the problems' slugs.

    Raises:
        ArchiveError, BundleError, ProblemExistsError: see `drafted`.
    """
    with drafted(platform, archive, wish, UPLOAD_LIMITS) as (bundle, drafts):
        packs = {draft.slug: store_folder(platform.blobs, draft.directory) for draft in drafts}
        now, actor = platform.clock.now(), uploader.as_actor()
        with platform.database.transaction() as session:
            publications: dict[str, int] = {}
            for slug, blob in packs.items():
                publication = receive_pack(session, blob, f"{slug}.zip", uploader=uploader, now=now)
                send(session, publication.id)
                publications[slug] = publication.id
            _note_import(session, bundle, drafts, digest_of(archive), actor, now)
        return bundle.notes, publications


def _try_out(platform: Platform, draft: Draft) -> tuple[Finding, ...]:
    """Score what came along as a sample, and look for the truth among public files."""
    pack, tools = load_pack(draft.directory), check_tools(platform)
    data = draft.directory / "data"
    tried = try_baseline if draft.entry.takes_code else try_sample
    return (*find_leaks(pack, data), *tried(pack, data, tools))


def _publish(  # noqa: PLR0913 — one transaction's share of one pack
    session: Session,
    platform: Platform,
    draft: Draft,
    prepared: PreparedPack,
    wish: Wish,
    actor: Actor,
    submit_baseline: SubmitBaseline,
) -> int:
    if not wish.is_update and find_problem(session, draft.slug) is not None:
        raise ProblemExistsError(slug=draft.slug)
    now = platform.clock.now()
    revision = publish(session, prepared, actor=actor, now=now, contest_slug=wish.contest)
    if prepared.baseline is not None:
        submit_baseline(session, platform, revision, prepared.baseline)
    return revision.number


def _note_import(
    session: Session,
    bundle: OpenedBundle,
    drafts: Sequence[Draft],
    digest: str,
    actor: Actor,
    now: datetime,
) -> None:
    lost = [note.render("en") for note in bundle.notes if note.level is Level.LOST]
    facts = {
        "format": bundle.competition.format.value,
        "sha256": digest,
        "problems": [draft.slug for draft in drafts],
        "not_carried_over": lost[:_SHOWN_LOST],
    }
    record_audit(session, actor, "bundle.import", f"problem:{drafts[0].slug}", facts, now=now)
