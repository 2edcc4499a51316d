"""Claiming a problem's comparison, comparing without a transaction, writing down what was found.

A comparison follows the boards: it is stale once they changed. Prints are taken once a submission,
so that a new entry costs its own prints and the comparing, never the reading of all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import numpy as np
from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.blobs import BlobStore
from app.core.db import is_past
from app.problems.models import Problem
from app.similarity.answer_prints import Sample, sample_places
from app.similarity.code_prints import hashes_of, print_files
from app.similarity.comparing import MOST_PAIRS, Alike, compare_answers, compare_codes
from app.similarity.entries import list_counted_entries, list_given_code
from app.similarity.models import Comparison, Likeness, SimilarPair, SubmissionPrint
from app.similarity.reading import Entry, code_or_nothing, places_or_nothing
from app.standings.models import BoardState

METHOD: Final = 1
LEASE: Final = timedelta(minutes=30)
RING_AGAIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, eq=False)
class Prints:
    """What one submission looks like; None for what it has not, or nobody could read."""

    code: np.typing.NDArray[np.uint64] | None
    answer: Sample | None


@dataclass(frozen=True, slots=True)
class Task:
    """A problem whose entries are to be compared."""

    problem_id: int
    version: int
    entries: Sequence[Entry]
    given: Sequence[str]
    """The blobs of code that everybody was given."""
    kept: Mapping[int, Prints]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found."""

    pairs: Mapping[Likeness, Sequence[Alike]]
    typical: float | None
    fresh: Mapping[int, Prints]
    left_out: int


def list_stale(session: Session, *, now: datetime) -> list[int]:
    """Return the problems whose boards changed since, and of which nobody was told lately."""
    versions = (
        select(BoardState.problem_id, func.sum(BoardState.version).label("version"))
        .group_by(BoardState.problem_id)
        .subquery()
    )
    return list(
        session.scalars(
            select(versions.c.problem_id)
            .outerjoin(Comparison, Comparison.problem_id == versions.c.problem_id)
            .where(
                or_(Comparison.version.is_(None), Comparison.version != versions.c.version),
                is_past(Comparison.rung_at, now - RING_AGAIN),
                is_past(Comparison.claimed_until, now),
            )
            .order_by(versions.c.problem_id)
        )
    )


def note_ringing(session: Session, problem_id: int, *, now: datetime) -> None:
    """Note that a worker was asked, so that the next sweep does not ask again."""
    _hold(session, problem_id).rung_at = now


def claim(session: Session, problem_id: int, *, now: datetime) -> Task | None:
    """Take a problem's comparison on; None where it is up to date or somebody is at it."""
    comparison = _hold(session, problem_id)
    if comparison.claimed_until is not None and comparison.claimed_until > now:
        return None
    version = session.scalar(
        select(func.coalesce(func.sum(BoardState.version), 0)).where(
            BoardState.problem_id == problem_id
        )
    )
    if version is None or version == comparison.version:
        return None
    comparison.claimed_until = now + LEASE
    problem = session.get_one(Problem, problem_id)
    entries = list_counted_entries(session, problem)
    kept = _load_prints(session, [one.submission_id for one in entries])
    return Task(problem_id, int(version), entries, list_given_code(session, problem), kept)


def compare(blobs: BlobStore, task: Task) -> Found:
    """Take the prints that are missing and compare all. No transaction may be open."""
    fresh = {
        entry.submission_id: _take(blobs, entry)
        for entry in task.entries
        if entry.submission_id not in task.kept
    }
    prints = {**task.kept, **fresh}
    codes = {key: one.code for key, one in prints.items() if one.code is not None and len(one.code)}
    answers = {key: one.answer for key, one in prints.items() if one.answer is not None}
    given = [hashes_of(print_files(code_or_nothing(blobs, digest))) for digest in task.given]
    told = compare_answers(answers)
    return Found(
        {
            Likeness.CODE: _of_two_teams(
                [*_same_files(task, Likeness.CODE), *compare_codes(codes, given)], task
            ),
            Likeness.ANSWER: _of_two_teams(
                [*_same_files(task, Likeness.ANSWER), *told.pairs], task
            ),
        },
        told.typical,
        fresh,
        sum(key not in codes and key not in answers for key in prints),
    )


def record(session: Session, task: Task, found: Found, *, now: datetime) -> None:
    """Write down what was found, in place of what was there."""
    comparison = _hold(session, task.problem_id)
    session.execute(delete(SimilarPair).where(SimilarPair.problem_id == task.problem_id))
    fresh = list(found.fresh)
    session.execute(delete(SubmissionPrint).where(SubmissionPrint.submission_id.in_(fresh)))
    if found.fresh:
        rows = [_packed(key, prints) for key, prints in found.fresh.items()]
        session.execute(insert(SubmissionPrint), rows)
    pairs = [
        {
            "first_id": one.first,
            "second_id": one.second,
            "kind": kind,
            "problem_id": task.problem_id,
            "share": one.share,
        }
        for kind, alike in found.pairs.items()
        for one in alike
    ]
    if pairs:
        session.execute(insert(SimilarPair), pairs)
    comparison.version, comparison.entries = task.version, len(task.entries)
    comparison.left_out, comparison.typical = found.left_out, found.typical
    comparison.computed_at, comparison.claimed_until, comparison.rung_at = now, None, None


def _take(blobs: BlobStore, entry: Entry) -> Prints:
    code = code_or_nothing(blobs, entry.code_blob)
    places = places_or_nothing(blobs, entry)
    return Prints(
        hashes_of(print_files(code)) if code else None,
        sample_places(places) if places else None,
    )


def _same_files(task: Task, kind: Likeness) -> list[Alike]:
    """Return pairs that handed in the very same bytes, of whatever size and kind.

    No more than are kept: a thousand teams may all hand in the sample.
    """
    holders: dict[str, list[int]] = {}
    for entry in task.entries:
        digest = entry.code_blob if kind is Likeness.CODE else entry.answer_blob
        if digest is not None:
            holders.setdefault(digest, []).append(entry.submission_id)
    pairs = (
        Alike(min(holder, other), max(holder, other), 1.0)
        for same in holders.values()
        for place, holder in enumerate(same)
        for other in same[place + 1 :]
    )
    return list(islice(pairs, MOST_PAIRS))


def _of_two_teams(pairs: Sequence[Alike], task: Task) -> list[Alike]:
    """Leave out what a team shares with itself, and what comes twice."""
    teams = {entry.submission_id: entry.team_id for entry in task.entries}
    found: dict[tuple[int, int], Alike] = {}
    for one in pairs:
        if teams[one.first] != teams[one.second]:
            found.setdefault((one.first, one.second), one)
    return list(found.values())


def _load_prints(session: Session, submission_ids: Sequence[int]) -> dict[int, Prints]:
    rows = session.execute(
        select(SubmissionPrint.submission_id, SubmissionPrint.code, SubmissionPrint.answer).where(
            SubmissionPrint.submission_id.in_(submission_ids), SubmissionPrint.method == METHOD
        )
    )
    return {
        key: Prints(
            None if code is None else np.frombuffer(code, dtype="<u8").astype(np.uint64),
            None if answer is None else Sample.unpack(answer),
        )
        for key, code, answer in rows
    }


def _packed(submission_id: int, prints: Prints) -> dict[str, object]:
    return {
        "submission_id": submission_id,
        "method": METHOD,
        "code": None if prints.code is None else prints.code.astype("<u8").tobytes(),
        "answer": None if prints.answer is None else prints.answer.pack(),
    }


def _hold(session: Session, problem_id: int) -> Comparison:
    """Return the row, locked; made where it was not."""
    found = session.get(Comparison, problem_id, with_for_update=True, populate_existing=True)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            session.add(Comparison(problem_id=problem_id))
    except IntegrityError:
        pass  # another worker was first
    return session.get_one(Comparison, problem_id, with_for_update=True, populate_existing=True)
