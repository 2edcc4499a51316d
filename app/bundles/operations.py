"""Taking a bundle: unpack, read, write packs, publish them. The slow part holds no transaction."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy.orm import Session

from app.bundles.errors import ProblemExistsError
from app.core.audit import Actor, record_audit
from app.core.platform import Platform
from app.problems.checking import check_tools, unpack_answer
from app.problems.hooks import SubmitBaseline
from app.problems.operations import set_settings
from app.problems.preparing import PreparedPack, prepare_pack
from app.problems.publications import PACK_LIMITS
from app.problems.publishing import publish
from app.problems.queries import find_problem
from problems.attempts import try_baseline, try_sample
from problems.bundles.notes import Level, Note
from problems.bundles.reading import OpenedBundle, open_bundle
from problems.bundles.writing import Choices, Draft, name_slugs, write_pack
from problems.leaks import find_leaks
from problems.pack import load_pack
from problems.report import Finding
from sandbox.archive import unpack_zip

Say = Callable[[str, str], None]
"""Told what begins: a step's name, and the slug it is about (empty for the whole bundle)."""
_SHOWN_LOST: Final = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organiser chooses about an import."""

    choices: Choices = field(default_factory=Choices)
    contest: str | None = None
    is_update: bool = False
    """Whether problems that are there get a new revision; their settings stay."""
    is_tried: bool = True
    """Whether the samples that came along are scored, and leaks looked for, before publishing."""


@dataclass(frozen=True, slots=True)
class Made:
    """One problem that was made of a bundle; `findings` are of its sample and of leaks."""

    slug: str
    revision: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a bundle."""

    format: str
    problems: tuple[Made, ...]
    notes: tuple[Note, ...]


@contextmanager
def opened(platform: Platform, archive: Path) -> Iterator[tuple[OpenedBundle, Path]]:
    """Unpack and read a bundle; give it with a folder that is gone afterwards.

    Raises:
        ArchiveError: the archive is refused.
        BundleError: the bundle cannot be imported, with every reason.
    """
    with TemporaryDirectory(dir=platform.cache, prefix="bundle-") as scratch:
        root = Path(scratch)
        (root / "bundle").mkdir()
        unpacked = unpack_zip(archive, root / "bundle", PACK_LIMITS)
        yield open_bundle(root / "bundle", root / "zips", unpack_answer, top=unpacked.top), root


def import_bundle(  # noqa: PLR0913 — a bundle, what is wished, by whom, and who listens
    platform: Platform,
    archive: Path,
    wish: Wish,
    *,
    actor: Actor,
    submit_baseline: SubmitBaseline,
    say: Say = lambda _step, _slug: None,
    owner: str = "",
) -> Report:
    """Make every problem of a bundle, or none.

    Raises:
        ArchiveError, BundleError: see `opened`.
        ProblemExistsError: a problem of that name is there, and no update was wished.
        PackError, sandbox.SandboxError: see `prepare_pack`.
    """
    say("read", "")
    with opened(platform, archive) as (bundle, root):
        slugs = name_slugs(bundle.competition, wish.choices)
        _require_free(platform, slugs, wish)
        drafts = [
            write_pack(bundle.competition, entry, slug, wish.choices, root / "packs" / slug)
            for slug, entry in zip(slugs, bundle.competition.entries, strict=True)
        ]
        prepared, findings = [], []
        for draft in drafts:
            say("prepare", draft.slug)
            prepared.append(
                prepare_pack(
                    platform, draft.directory, seed=None, progress=lambda _step: None, owner=owner
                )
            )
            say("try", draft.slug)
            findings.append(_try_out(platform, draft, owner) if wish.is_tried else ())
        say("publish", "")
        with platform.database.transaction() as session:
            made = [
                _publish(session, platform, draft, pack, wish, actor, submit_baseline)
                for draft, pack in zip(drafts, prepared, strict=True)
            ]
            _note_import(session, platform, archive, bundle, slugs, actor)
        problems = tuple(
            Made(slug, number, tuple(found))
            for slug, number, found in zip(slugs, made, findings, strict=True)
        )
        return Report(bundle.competition.format.value, problems, bundle.notes)


def _require_free(platform: Platform, slugs: Sequence[str], wish: Wish) -> None:
    with platform.database.reading() as session:
        for slug in slugs:
            if not wish.is_update and find_problem(session, slug) is not None:
                raise ProblemExistsError(slug=slug)


def _try_out(platform: Platform, draft: Draft, owner: str) -> tuple[Finding, ...]:
    """Score what came along as a sample, and look for the truth among public files."""
    pack, tools = load_pack(draft.directory), check_tools(platform, owner=owner)
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
    now = platform.clock.now()
    is_new = find_problem(session, draft.slug) is None
    if not is_new and not wish.is_update:
        raise ProblemExistsError(slug=draft.slug)
    revision = publish(session, prepared, actor=actor, now=now, contest_slug=wish.contest)
    if is_new:
        set_settings(session, revision.problem, draft.settings, actor=actor, now=now)
    if prepared.baseline is not None:
        submit_baseline(session, platform, revision, prepared.baseline)
    return revision.number


def _note_import(
    session: Session,
    platform: Platform,
    archive: Path,
    bundle: OpenedBundle,
    slugs: Sequence[str],
    actor: Actor,
) -> None:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    lost = [note.render("en") for note in bundle.notes if note.level is Level.LOST]
    facts = {
        "format": bundle.competition.format.value,
        "sha256": digest,
        "problems": list(slugs),
        "not_carried_over": lost[:_SHOWN_LOST],
    }
    subject = f"problem:{slugs[0]}"
    record_audit(session, actor, "bundle.import", subject, facts, now=platform.clock.now())
