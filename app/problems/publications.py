"""An uploaded pack on its way to a revision: received, checked by a worker, published."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import record_audit
from app.core.blobs import Blob
from app.core.errors import AppError
from app.core.platform import Platform
from app.problems import states
from app.problems.checking import check_tools
from app.problems.errors import PublicationLostError
from app.problems.heartbeat import Heartbeat
from app.problems.hooks import Hooks, RequirePool, StageRescore, SubmitBaseline, no_rescore
from app.problems.models import Publication, PublicationState
from app.problems.preparing import PreparedPack, prepare_pack
from app.problems.publishing import publish, stage
from app.problems.queries import find_problem
from app.problems.step_log import FIRST_CHECK, Localised, StepLog
from problems.check import check_pack
from problems.materialise import MaterialiseError
from problems.pack import PackError
from problems.report import Finding, Level
from sandbox import SandboxError
from sandbox.archive import ArchiveError, ArchiveLimits, unpack_zip
from trial.archive_messages import ArchiveMessage

MAX_PACK_BYTES: Final = 1 << 30
PACK_LIMITS: Final = ArchiveLimits(
    archive_bytes=MAX_PACK_BYTES, inflated_bytes=4 << 30, entries=50_000
)
OWNER_PREFIX: Final = "publication-"
_BEAT_S: Final = 10.0
_log: Final = logging.getLogger("baijing.problems")

Say = Callable[[AppError], Localised]
"""Puts an expected error into every language."""


def is_run_alive(session: Session, name: str, attempt: int, *, now: datetime) -> bool:
    """Say whether a run marked `<installation>/publication-<id>/<attempt>` is still wanted.

    For whoever reaps what dead workers left behind; `name` is the middle of the mark.
    """
    publication = session.get(Publication, int(name.removeprefix(OWNER_PREFIX)))
    return (
        publication is not None
        and publication.state is PublicationState.CHECKING
        and publication.attempts == attempt
        and publication.lease_expires_at is not None
        and publication.lease_expires_at > now
    )


@dataclass(frozen=True, slots=True)
class Words:
    """How errors are said to the organiser."""

    say: Say
    system_fault: Localised
    """What is said when our side failed too often."""


@dataclass(frozen=True, slots=True)
class ForRescore:
    """What an uploaded pack is for, where it is not to be published: which problem, and why."""

    slug: str
    reason: str


def receive_pack(  # noqa: PLR0913 — what an upload consists of
    session: Session,
    blob: Blob,
    filename: str,
    *,
    uploader: User,
    now: datetime,
    needs_no_pool: bool = False,
    rescore: ForRescore | None = None,
    contest_slug: str | None = None,
    is_draft: bool = False,
) -> Publication:
    """Accept an uploaded pack; a worker is to check it.

    A new problem comes into the contest named, off the site with `is_draft`. With `needs_no_pool`
    it is published even where no worker could run its submissions; with `rescore` it is staged
    for a re-score instead.
    """
    publication = Publication(
        pack_blob=blob.digest,
        filename=filename[:255],
        state=PublicationState.QUEUED,
        lease_expires_at=now + states.LEASE,
        needs_no_pool=needs_no_pool,
        contest_slug=contest_slug,
        is_draft=is_draft,
        problem_slug=None if rescore is None else rescore.slug,
        rescore_reason=None if rescore is None else rescore.reason,
        steps=[],
        created_by_id=uploader.id,
        created_at=now,
        finished_at=None,
    )
    session.add(publication)
    session.flush()
    record_audit(
        session,
        uploader.as_actor(),
        "publication.upload",
        f"publication:{publication.id}",
        {"filename": publication.filename, "sha256": blob.digest, "size": blob.size},
        now=now,
    )
    return publication


def run_publication(
    platform: Platform,
    publication_id: int,
    *,
    submit_baseline: SubmitBaseline,
    words: Words,
    require_pool: RequirePool | None = None,
    stage_rescore: StageRescore = no_rescore,
) -> None:
    """Check an uploaded pack, publish or stage it, or say why not; again it does nothing twice.

    Nothing is open while the pack's code runs. A worker that dies leaves a lease that runs out;
    one that was taken for dead can no longer write.
    """
    with platform.database.transaction() as session:
        attempt = states.claim(session, publication_id, now=platform.clock.now())
    if attempt is None:
        return
    claim = _Claim(platform, publication_id, attempt)
    log = StepLog(claim.show, platform.clock.now)
    try:
        with Heartbeat(claim.renew, interval=_BEAT_S):
            prepared = _check(claim, log, words, require_pool)
            if prepared is None:
                claim.refuse(log)
            else:
                hooks = Hooks(submit_baseline=submit_baseline, stage_rescore=stage_rescore)
                _finish(claim, prepared, log, hooks, words)
    except PublicationLostError:
        _log.warning("publication %s was taken over", publication_id)
    except SandboxError:
        _log.exception("publication %s: the sandbox failed", publication_id)
        claim.release()


def resend_overdue(platform: Platform, send: Callable[[Session, int], None], words: Words) -> int:
    """Send again what was lost, give up on what failed too often; return how many were found.

    `send` hands the job of a publication to the queue when the session commits.
    """
    now = platform.clock.now()
    messages = {locale: [text] for locale, text in words.system_fault.items()}
    step = {"name": "platform", "seconds": None, "ok": False, "messages": messages}
    with platform.database.transaction() as session:
        overdue = states.list_overdue(session, now=now)
        for publication in overdue:
            if not states.give_up(session, publication.id, step=step, now=now):
                states.requeue(session, publication.id, now=now)
                send(session, publication.id)
        return len(overdue)


def _finish(
    claim: "_Claim", prepared: PreparedPack, log: StepLog, hooks: Hooks, words: Words
) -> None:
    """Publish or stage what passed; a re-score that cannot be is refused with the reason."""
    try:
        claim.finish(prepared, log, hooks)
    except PublicationLostError:
        raise
    except AppError as error:
        log.say(words.say(error))
        claim.refuse(log)


def _check(
    claim: "_Claim", log: StepLog, words: Words, require_pool: RequirePool | None
) -> PreparedPack | None:
    """Unpack, check, make the data and store it; None, with the reasons in the log, if refused."""
    with tempfile.TemporaryDirectory(dir=claim.platform.cache, prefix="pack-") as scratch:
        pack = Path(scratch) / "pack"
        try:
            log.begin("unpack")
            needs_no_pool = claim.read_upload(Path(scratch) / "pack.zip")
            unpack_zip(Path(scratch) / "pack.zip", pack, PACK_LIMITS)
            log.begin(FIRST_CHECK)
            tools = check_tools(claim.platform, owner=claim.owner)
            if not check_pack(pack, tools, log.note_check).is_ok:
                return None
            log.begin("seed")
            return prepare_pack(
                claim.platform,
                pack,
                seed=None,
                progress=log.begin,
                owner=claim.owner,
                require_pool=None if needs_no_pool else require_pool,
            )
        except ArchiveError as error:
            log.find([ArchiveMessage(error)])
        except PackError as error:
            log.find(error.issues)
        except MaterialiseError as error:
            reason = {"reason": f"{error}\n{error.log}"}
            log.find([Finding(Level.ERROR, "generator_failed", reason)])
        except PublicationLostError:
            raise
        except AppError as error:
            log.say(words.say(error))
        return None


def _contest_of(session: Session, publication: Publication, prepared: PreparedPack) -> str | None:
    """Return the contest that was chosen; a revision stays in the contest of its problem."""
    is_new = find_problem(session, prepared.spec.slug) is None
    return publication.contest_slug if is_new else None


class _Claim:
    """One attempt at one publication: everything it writes is fenced by its number."""

    def __init__(self, platform: Platform, publication_id: int, attempt: int) -> None:
        self.platform = platform
        self.publication_id = publication_id
        self.attempt = attempt

    @property
    def owner(self) -> str:
        """What marks this attempt's runs in the sandbox."""
        return f"{self.platform.installation}/{OWNER_PREFIX}{self.publication_id}/{self.attempt}"

    def renew(self) -> bool:
        """Hold the claim longer."""
        with self.platform.database.transaction() as session:
            return states.renew(
                session, self.publication_id, self.attempt, now=self.platform.clock.now()
            )

    def show(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Let the page see what has been done."""
        with self.platform.database.transaction() as session:
            states.write_steps(session, self.publication_id, self.attempt, steps)

    def read_upload(self, destination: Path) -> bool:
        """Fetch the uploaded zip; return whether it is published without a pool too."""
        with self.platform.database.reading() as session:
            publication = session.get_one(Publication, self.publication_id)
        self.platform.blobs.fetch(publication.pack_blob, destination)
        return publication.needs_no_pool

    def finish(self, prepared: PreparedPack, log: StepLog, hooks: Hooks) -> None:
        """Publish or stage, and end the publication, in one transaction."""
        log.begin("publish")
        now = self.platform.clock.now()
        with self.platform.database.transaction() as session:
            publication = session.get_one(Publication, self.publication_id)
            if publication.rescore_reason is not None:
                slug = publication.problem_slug or ""
                revision = stage(session, prepared, slug, now=now)
                hooks.stage_rescore(session, revision, publication, now)
            else:
                uploader = session.get_one(User, publication.created_by_id)
                revision = publish(
                    session,
                    prepared,
                    actor=uploader.as_actor(),
                    now=now,
                    contest_slug=_contest_of(session, publication, prepared),
                    is_draft=publication.is_draft,
                )
                if prepared.baseline is not None:
                    hooks.submit_baseline(session, self.platform, revision, prepared.baseline)
            states.finish(
                session,
                self.publication_id,
                self.attempt,
                PublicationState.PUBLISHED,
                steps=log.ended(ok=True),
                problem_slug=prepared.spec.slug,
                now=now,
            )

    def refuse(self, log: StepLog) -> None:
        """End the publication as refused."""
        with self.platform.database.transaction() as session:
            states.finish(
                session,
                self.publication_id,
                self.attempt,
                PublicationState.REFUSED,
                steps=log.ended(ok=False),
                now=self.platform.clock.now(),
            )

    def release(self) -> None:
        """Give the claim back after a fault of ours: the sweep sends it again."""
        with self.platform.database.transaction() as session:
            states.release(
                session, self.publication_id, self.attempt, now=self.platform.clock.now()
            )
