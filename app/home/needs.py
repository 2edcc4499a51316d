"""What needs somebody of the staff now, as lines of a page: most urgent first, then oldest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from flask import url_for
from flask_babel import gettext

from app.accounts.models import User
from app.core.i18n import N_
from app.evaluations.models import State
from app.home.compute_queries import Compute
from app.home.needs_queries import Waiting
from app.problems.models import Problem, Stage
from app.rescoring.models import RescoreState
from app.ui.filters import localise, state_word, verdict_text


class Urgency(IntEnum):
    """How soon somebody has to do something."""

    NOW = 0
    """Teams wait, or something is broken."""
    SOON = 1
    LATER = 2


@dataclass(frozen=True, slots=True)
class Need:
    """One line: what kind of thing, what it is about, where it is done, and how old it is."""

    urgency: Urgency
    kind: str
    text: str
    url: str
    since: datetime | None = None
    until: datetime | None = None
    """For what has not happened yet."""
    note: str = ""
    """Detail under the line."""


_BROKEN: Final = N_("Compute")
_FAULT: Final = N_("Failures")
_QUESTION: Final = N_("Question")
_PACK: Final = N_("Pack")
_STAGE: Final = N_("Stage")
_REVIEW: Final = N_("Review")
_RESCORE: Final = N_("Re-score")
_BULK: Final = N_("Many at once")
_RESCORE_TEXTS: Final = {
    RescoreState.READY: N_("“%(problem)s”: scored by the new rules, to be published or discarded"),
}
_RESCORE_OTHERWISE: Final = N_("“%(problem)s”: being scored by the new rules")


def list_needs(waiting: Waiting, compute: Compute, actor: User, *, redis_up: bool) -> list[Need]:
    """Return the lines for somebody: what only organisers can do is not shown to judges."""
    found = [*_compute(compute, redis_up=redis_up), *_review(waiting), *_stages(waiting.ending)]
    found += _rescores(waiting)
    if actor.is_organiser:
        found += [*_faults(waiting), *_questions(waiting), *_packs(waiting), *_bulks(waiting)]
        found += _reveals(waiting.unrevealed)
    return sorted(found, key=_order)


def _order(need: Need) -> tuple[int, float]:
    at = need.until or need.since
    return (need.urgency, at.timestamp() if at is not None else 0.0)


def _compute(compute: Compute, *, redis_up: bool) -> Iterator[Need]:
    url = url_for("home_staff.compute")

    def say(text: str, **params: Any) -> Need:  # noqa: ANN401 — parameters of a message
        return Need(Urgency.NOW, gettext(_BROKEN), gettext(text, **params), url)

    if not redis_up:
        yield say(
            N_("Redis does not answer: work is queued in the database and starts once it is back")
        )
    alive = [line for line in compute.workers if line.is_alive]
    if not alive:
        yield say(N_("No worker has been heard of lately: submissions wait until one starts"))
    for line in alive:
        if line.worker.sick_since is not None:
            yield Need(
                Urgency.NOW,
                gettext(_BROKEN),
                gettext(N_("%(name)s is sick and takes no work"), name=line.worker.name),
                url,
                since=line.worker.sick_since,
                note=line.worker.sick_reason,
            )
    for pool in compute.stuck:
        yield say(
            N_("%(n)s evaluations wait for the pool %(pool)s, where no worker can take them"),
            pool=pool.name,
            n=pool.waiting,
        )
    for device in compute.quarantined:
        yield Need(
            Urgency.SOON,
            gettext(_BROKEN),
            gettext(
                N_("%(model)s on %(host)s is in quarantine: something was left on it"),
                model=device.device.model,
                host=device.device.host,
            ),
            url,
            since=device.device.quarantined_at,
        )


def _faults(waiting: Waiting) -> Iterator[Need]:
    for one in waiting.faults:
        yield Need(
            Urgency.NOW,
            gettext(_FAULT),
            gettext(
                N_("“%(problem)s”: %(n)s submissions failed by no fault of a team (%(verdict)s)"),
                problem=localise(one.problem.title),
                n=one.count,
                verdict=verdict_text(one.verdict).name,
            ),
            url_for(
                "bulk.index",
                problem=one.problem.slug,
                state=State.FAILED.value,
                verdict=one.verdict.value,
                baselines="y",
            ),
            since=one.since,
        )


def _questions(waiting: Waiting) -> Iterator[Need]:
    for thread in waiting.questions:
        yield Need(
            Urgency.SOON,
            gettext(_QUESTION),
            f"{thread.title} · {localise(thread.problem.title)}",
            url_for("discussions.show", slug=thread.problem.slug, number=thread.id),
            since=thread.created_at,
        )
    more = waiting.questions_count - len(waiting.questions)
    if more:
        last = waiting.questions[-1]
        yield Need(
            Urgency.SOON,
            gettext(_QUESTION),
            gettext(N_("%(n)s more questions are unanswered"), n=more),
            url_for("discussions.index", slug=last.problem.slug),
            since=last.created_at,
        )


def _packs(waiting: Waiting) -> Iterator[Need]:
    for one in waiting.packs:
        yield Need(
            Urgency.SOON,
            gettext(_PACK),
            gettext(N_("%(file)s failed its check"), file=one.problem_slug or one.filename),
            url_for("problems_staff.publication", publication_id=one.id),
            since=one.finished_at,
        )


def _stages(ending: Iterable[Stage]) -> Iterator[Need]:
    for stage in ending:
        yield Need(
            Urgency.LATER,
            gettext(_STAGE),
            gettext(
                N_("“%(problem)s”: stage %(board)s closes"),
                problem=localise(stage.problem.title),
                board=stage.key.value,
            ),
            url_for("problems_staff.show", slug=stage.problem.slug),
            until=stage.closes_at,
        )


def _reveals(problems: Iterable[Problem]) -> Iterator[Need]:
    for problem in problems:
        yield Need(
            Urgency.LATER,
            gettext(_STAGE),
            gettext(
                N_("“%(problem)s”: every stage has closed, board B is not revealed"),
                problem=localise(problem.title),
            ),
            url_for("problems_staff.confirm_reveal_b", slug=problem.slug),
            since=max(stage.closes_at for stage in problem.stages if stage.closes_at is not None),
        )


def _review(waiting: Waiting) -> Iterator[Need]:
    for problem, count, since in waiting.flagged:
        yield Need(
            Urgency.SOON,
            gettext(_REVIEW),
            gettext(
                N_("“%(problem)s”: %(n)s submissions stand flagged"),
                problem=localise(problem.title),
                n=count,
            ),
            url_for("judging.show", slug=problem.slug),
            since=since,
        )
    for stage in waiting.unsigned:
        yield Need(
            Urgency.LATER,
            gettext(_REVIEW),
            gettext(
                N_("“%(problem)s”: board %(board)s waits to be signed off"),
                problem=localise(stage.problem.title),
                board=stage.key.value,
            ),
            url_for("judging.show", slug=stage.problem.slug),
            since=stage.closes_at,
        )


def _rescores(waiting: Waiting) -> Iterator[Need]:
    for one in waiting.rescores:
        text = _RESCORE_TEXTS.get(one.state, _RESCORE_OTHERWISE)
        yield Need(
            Urgency.SOON if one.state is RescoreState.READY else Urgency.LATER,
            gettext(_RESCORE),
            gettext(text, problem=localise(one.problem.title)),
            url_for("rescoring.show", rescore_id=one.id),
            since=one.ready_at or one.staged_at,
        )


def _bulks(waiting: Waiting) -> Iterator[Need]:
    for one in waiting.bulks:
        yield Need(
            Urgency.SOON,
            gettext(_BULK),
            gettext(
                N_("“%(problem)s”: an act on %(n)s submissions, %(state)s"),
                problem=localise(one.problem.title),
                n=one.total,
                state=state_word(one.state.value),
            ),
            url_for("bulk.show", bulk_id=one.id),
            since=one.planned_at,
        )
