"""What workers and the scheduler run: parse ids, call one operation."""

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.core.api import translate
from app.core.current import platform
from app.core.errors import AppError
from app.core.i18n import N_, WRITTEN_LOCALES
from app.core.jobs import enqueue, job
from app.problems.hooks import problem_hooks
from app.problems.publications import Words, resend_overdue, run_publication

POOL: Final = "cpu"
_SYSTEM_FAULT: Final = N_(
    "The platform failed three times to check this pack. Please tell the operator and upload it "
    "again later."
)


@job(timeout=timedelta(hours=2))
def check_publication(publication_id: int) -> None:
    """Check an uploaded pack and publish it, or say what is wrong with it."""
    run_publication(
        platform(),
        publication_id,
        submit_baseline=problem_hooks().submit_baseline,
        words=_words(),
        require_pool=problem_hooks().require_pool,
        stage_rescore=problem_hooks().stage_rescore,
    )


def send_publication(session: Session, publication_id: int) -> None:
    """Hand the check of an uploaded pack to a worker when the session commits."""
    enqueue(session, platform().queue, POOL, check_publication, publication_id)


def resend_publications() -> int:
    """Send again what was lost; return how much. For the scheduler."""
    return resend_overdue(platform(), send_publication, _words())


def _words() -> Words:
    return Words(say=_say, system_fault=_in_all_languages(_SYSTEM_FAULT, {}))


def _say(error: AppError) -> dict[str, str]:
    return _in_all_languages(error.message, error.params)


def _in_all_languages(template: str, params: dict[str, object]) -> dict[str, str]:
    return {locale.value: translate(template, locale.value, params) for locale in WRITTEN_LOCALES}
