"""A problem changed or copied without its pack being uploaded: its words, or its name.

The slow half, `edit_words` and `edit_slug`, works on blobs with no transaction open; the quick half
writes rows. Data, truth, scorer and seed stay the very ones they were.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from app.contests.models import Contest
from app.core.audit import Actor, record_audit
from app.core.blobs import Blob
from app.core.platform import Platform
from app.problems.errors import (
    CloneNameTakenError,
    NothingChangedError,
    ProblemArchivedError,
    ProblemNotFoundError,
    StatementChangedError,
)
from app.problems.models import (
    BoardData,
    Problem,
    PublicFile,
    Revision,
    RulesAcceptance,
    Stage,
)
from app.problems.operations import require_unsigned, subject
from app.problems.publications import PACK_LIMITS
from app.problems.publishing import check_place, describe, hold_problem, next_number
from app.problems.statements import find_rules
from app.problems.storage import store_folder
from problems.document import Place
from problems.editing import change_description
from problems.pack import DESCRIPTION, MAX_TEXT_BYTES, PackError, PackIssue, check_description
from problems.spec import ProblemSpec
from problems.statements import HEADINGS, check_statement
from sandbox.archive import unpack_zip

LOCALES: Final = tuple(HEADINGS)


@dataclass(frozen=True, slots=True)
class Words:
    """What a problem says, each by language tag; statements in Markdown."""

    title: Mapping[str, str]
    summary: Mapping[str, str]
    statements: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EditedPack:
    """A pack with other words, stored: all that is left is to write rows."""

    spec: ProblemSpec
    statements: Mapping[str, str]
    pack_blob: str
    baseline: Blob | None


def words_of(revision: Revision) -> Words:
    """Return what a revision says."""
    spec = revision.spec
    return Words(
        title={locale: spec["title"].get(locale, "") for locale in LOCALES},
        summary={locale: spec["summary"].get(locale, "") for locale in LOCALES},
        statements={locale: revision.statements.get(locale, "") for locale in LOCALES},
    )


def find_faults(words: Words) -> list[PackIssue]:
    """Return what is wrong with the statements, by file and line: to be shown while typing."""
    return [
        issue
        for locale, text in words.statements.items()
        for issue in check_statement(text, locale, f"statement.{locale}.md")
    ]


def changes_rules(before: Words, after: Words) -> bool:
    """Say whether the part of the rules differs in any language: they are accepted anew then."""
    return any(
        find_rules(before.statements[locale]).strip()
        != find_rules(after.statements[locale]).strip()
        for locale in LOCALES
    )


def edit_words(platform: Platform, revision: Revision, words: Words) -> EditedPack:
    """Store a revision's pack with other words; no transaction is open.

    Raises:
        PackError: what is wrong, by file and line.
    """
    words = _tidy(words)
    faults = find_faults(words)
    for locale, text in words.statements.items():
        if len(text.encode()) > MAX_TEXT_BYTES:
            limit = {"limit": MAX_TEXT_BYTES}
            faults.append(PackIssue(f"statement.{locale}.md", 0, "", "file_too_big", limit))
    if faults:
        raise PackError(*faults)
    changes: dict[Place, str] = {}
    for locale in LOCALES:
        changes["title", locale] = words.title[locale]
        changes["summary", locale] = words.summary[locale]

    def write(folder: Path) -> None:
        for locale, text in words.statements.items():
            (folder / f"statement.{locale}.md").write_text(text, encoding="utf-8")

    return _edit(platform, revision, changes, write)


def edit_slug(platform: Platform, revision: Revision, slug: str) -> EditedPack:
    """Store a revision's pack under another name; no transaction is open.

    Raises:
        PackError: the name is none.
    """
    return _edit(platform, revision, {("slug",): slug}, lambda _folder: None)


def publish_words(
    session: Session,
    slug: str,
    edited: EditedPack,
    *,
    base: int,
    actor: Actor,
    now: datetime,
) -> Revision:
    """Make a new revision with other words; `base` is the revision the editor began with.

    Who accepted the rules has accepted them, unless the rules themselves changed.

    Raises:
        ProblemNotFoundError: there is none of that name.
        ProblemArchivedError: it is over.
        StatementChangedError: another revision came into force meanwhile.
        BoardSignedOffError: a judge has signed a board of the problem off.
        NothingChangedError: every word is as it was.
    """
    problem = hold_problem(session, slug)
    if problem is None:
        raise ProblemNotFoundError(slug=slug)
    if problem.archived_at is not None:
        raise ProblemArchivedError(slug=slug)
    if problem.revision_number != base:
        raise StatementChangedError(number=problem.revision_number)
    require_unsigned(session, problem)
    current = session.scalars(
        select(Revision).where(Revision.problem_id == problem.id, Revision.number == base)
    ).one()
    revision = _copy(current, edited, problem, next_number(session, problem), now)
    before, after = _tidy(words_of(current)), words_of(revision)
    if before == after:
        raise NothingChangedError
    session.add(revision)
    if not changes_rules(before, after):
        _carry_acceptances(session, problem, revision.number)
    problem.revision_number = revision.number
    describe(problem, edited.spec)
    facts = {"revision": revision.number, "based_on": base, "pack": edited.pack_blob}
    record_audit(session, actor, "problem.revise", subject(problem), facts, now=now)
    session.flush()
    return revision


def clone_problem(  # noqa: PLR0913 — what is copied, where to, by whom and when
    session: Session,
    original: Problem,
    current: Revision,
    edited: EditedPack,
    contest: Contest,
    *,
    actor: Actor,
    now: datetime,
) -> Revision:
    """Make a new problem like another one, off the site, with the contest's stages.

    Its hidden data are those of the original, made from the same seed.

    Raises:
        CloneNameTakenError: there is a problem of that name.
        ContestArchivedError, AreaNotInContestError: it cannot come into that contest.
    """
    slug = edited.spec.slug
    if hold_problem(session, slug) is not None:
        raise CloneNameTakenError(slug=slug)
    check_place(contest, edited.spec.area)
    problem = Problem(
        contest=contest,
        slug=slug,
        revision_number=1,
        submissions_per_day=original.submissions_per_day,
        team_size=original.team_size,
        tie_rule=original.tie_rule,
        board_rules=dict(original.board_rules or {}),
        b_revealed_at=None,
        withdrawn_at=now,
        created_at=now,
        stages=[],
    )
    for board in current.boards:
        opens_at, closes_at = contest.stage_times(board.board.value)
        problem.stages.append(Stage(key=board.board, opens_at=opens_at, closes_at=closes_at))
    describe(problem, edited.spec)
    revision = _copy(current, edited, problem, 1, now)
    session.add_all([problem, revision])
    session.flush()
    facts = {"original": original.slug, "revision": current.number, "pack": edited.pack_blob}
    record_audit(session, actor, "problem.clone", subject(problem), facts, now=now)
    return revision


def _edit(
    platform: Platform,
    revision: Revision,
    changes: Mapping[Place, str],
    write: Callable[[Path], None],
) -> EditedPack:
    with tempfile.TemporaryDirectory(dir=platform.cache, prefix="edit-") as scratch:
        packed, folder = Path(scratch) / "pack.zip", Path(scratch) / "pack"
        platform.blobs.fetch(revision.pack_blob, packed)
        unpack_zip(packed, folder, PACK_LIMITS, strip_top=False)
        description = folder / DESCRIPTION
        text = change_description(description.read_text(encoding="utf-8-sig"), changes)
        issues: list[PackIssue] = []
        spec = check_description(text, issues)
        if spec is None or issues:
            raise PackError(*issues)
        description.write_text(text, encoding="utf-8")
        write(folder)
        statements = {
            locale: (folder / f"statement.{locale}.md").read_text(encoding="utf-8-sig")
            for locale in LOCALES
        }
        baseline = folder / "baseline"
        return EditedPack(
            spec=spec,
            statements=statements,
            pack_blob=store_folder(platform.blobs, folder).digest,
            baseline=store_folder(platform.blobs, baseline) if baseline.is_dir() else None,
        )


def _copy(
    current: Revision, edited: EditedPack, problem: Problem, number: int, now: datetime
) -> Revision:
    return Revision(
        problem=problem,
        number=number,
        spec=edited.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        statements=dict(edited.statements),
        pack_blob=edited.pack_blob,
        keys_blob=current.keys_blob,
        cover_blob=current.cover_blob,
        seed_commitment=current.seed_commitment,
        sealed_seed=current.sealed_seed,
        seed_is_public=current.seed_is_public,
        created_at=now,
        files=[PublicFile(**_columns(file)) for file in current.files],
        boards=[BoardData(**_columns(board)) for board in current.boards],
    )


def _columns(row: PublicFile | BoardData) -> dict[str, Any]:
    """Return what a row holds but for its place."""
    names = {column.key for column in row.__table__.columns} - {"id", "revision_id"}
    return {name: getattr(row, name) for name in names}


def _carry_acceptances(session: Session, problem: Problem, number: int) -> None:
    accepted = select(
        RulesAcceptance.user_id,
        RulesAcceptance.problem_id,
        literal(number),
        RulesAcceptance.accepted_at,
    ).where(
        RulesAcceptance.problem_id == problem.id,
        RulesAcceptance.revision_number == problem.revision_number,
    )
    names = ["user_id", "problem_id", "revision_number", "accepted_at"]
    session.execute(insert(RulesAcceptance).from_select(names, accepted))


def _tidy(words: Words) -> Words:
    return Words(
        _stripped(words.title), _stripped(words.summary), _with_plain_ends(words.statements)
    )


def _stripped(texts: Mapping[str, str]) -> Mapping[str, str]:
    return {locale: " ".join(text.split()) for locale, text in texts.items()}


def _with_plain_ends(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Browsers send CRLF; packs have LF, and one at the end."""
    return {
        locale: text.replace("\r\n", "\n").replace("\r", "\n").rstrip() + "\n"
        for locale, text in texts.items()
    }
