"""Keeps the standings of a problem in step with what was scored, in the caller's transaction.

Whatever changes what counts ends with one of these: a score was recorded, a submission was
retracted or is run again (`refresh_submission`); a team was classed or chose (`refresh_team`);
everything may have changed (`rebuild`). A change of rules needs none of them: rows made by other
rules are known by their digest, and whoever reads next makes the board anew (`ensure_fresh`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from app.evaluations.ladder import mark_all_due, mark_due
from app.evaluations.models import Evaluation, Score, State, ToldScore
from app.problems.models import Board, Problem
from app.problems.queries import get_current_spec
from app.standings.counting import Attempt, Result, place
from app.standings.models import BoardState, Edition, FinalChoice
from app.standings.operations import (
    Classed,
    clear,
    copy_to_shown,
    fill,
    hold_board,
    map_classes,
    put_row,
    take_off,
)
from app.standings.queries import Stretch, count_ranked, list_told
from app.standings.rules import Rules
from app.submissions.models import Submission
from app.teams.models import Team
from scoring import Scoring

_TEAMS_AT_ONCE: Final = 500


def rules_of(session: Session, problem: Problem) -> Rules:
    """Return the rules in force, under the revision in force."""
    spec = get_current_spec(session, problem)
    return Rules.of(problem, Scoring.model_validate(spec["scoring"]))


def refresh_submission(
    session: Session, submission: Submission, *, now: datetime, by_staff: bool = False
) -> None:
    """Put a submission's team where it belongs now; of a baseline only the versions grow."""
    if submission.is_debug:
        return
    refresh_team(session, submission.problem, submission.team_id, now=now, by_staff=by_staff)


def refresh_team(
    session: Session,
    problem: Problem,
    team_id: int | None,
    *,
    now: datetime,
    by_staff: bool = False,
) -> None:
    """Put a team where it belongs now, on every board.

    `by_staff` says that organisers decided it: then it shows even on a board that stands still.
    """
    rules = rules_of(session, problem)
    for stage in sorted(problem.stages, key=lambda stage: stage.key):
        state = hold_board(session, problem, stage.key)
        state.version += 1
        if rules.board.has_ladder_on(stage.key):
            mark_due(session, problem.id, team_id)
        if not state.rules:  # the first score of a problem
            _rebuild(session, state, problem, rules, now=now)
        if state.rules != rules.digest or team_id is None:
            continue  # whoever reads next makes the board anew
        until = rules.shown_until(stage.key, now)
        if until is not None and (state.shown_until is None or state.shown_until < until):
            copy_to_shown(session, state, until)
        live = Stretch(problem.id, stage.key)
        _put(session, live, rules, team_id)
        if by_staff and until is not None:
            _put(session, live.of(Edition.SHOWN), rules, team_id, until=until)
    session.flush()


def rebuild(session: Session, problem: Problem, *, now: datetime) -> None:
    """Make every board of a problem anew from what was scored."""
    rules = rules_of(session, problem)
    for stage in sorted(problem.stages, key=lambda stage: stage.key):
        state = hold_board(session, problem, stage.key)
        _rebuild(session, state, problem, rules, now=now)
    session.flush()


def is_fresh(state: BoardState | None, rules: Rules, now: datetime) -> bool:
    """Tell whether a board's rows were made by the rules in force."""
    if state is None or state.rules != rules.digest:
        return False
    until = rules.shown_until(state.board, now)
    return until is None or state.shown_until is None or state.shown_until <= until


def edition_for_all(state: BoardState, rules: Rules, now: datetime) -> Edition:
    """Return the edition that everybody sees: the live one unless it has changed since."""
    until = rules.shown_until(state.board, now)
    return Edition.LIVE if until is None or state.shown_until != until else Edition.SHOWN


def compute(
    session: Session, problem: Problem, rules: Rules, board: Board, until: datetime | None = None
) -> Iterator[Classed]:
    """Work out every row of a board from what was scored, up to an instant where one is given."""
    team_ids = session.scalars(
        select(Team.id).where(Team.problem_id == problem.id).order_by(Team.id)
    ).all()
    for start in range(0, len(team_ids), _TEAMS_AT_ONCE):
        chunk = team_ids[start : start + _TEAMS_AT_ONCE]
        yield from _compute(session, problem, rules, board, chunk, until)


def _rebuild(
    session: Session, state: BoardState, problem: Problem, rules: Rules, *, now: datetime
) -> None:
    live, until = Stretch(problem.id, state.board), rules.shown_until(state.board, now)
    if rules.board.has_ladder_on(state.board):
        mark_all_due(session, problem.id)
    for stretch in (live, live.of(Edition.SHOWN)):
        clear(session, stretch)
    fill(session, live, compute(session, problem, rules, state.board))
    if until is not None:
        rows = compute(session, problem, rules, state.board, until)
        fill(session, live.of(Edition.SHOWN), rows)
    state.shown_until, state.rules = until, rules.digest
    state.version += 1


def _put(
    session: Session,
    stretch: Stretch,
    rules: Rules,
    team_id: int,
    until: datetime | None = None,
) -> None:
    problem = session.get_one(Problem, stretch.problem_id)
    rows = list(_compute(session, problem, rules, stretch.board, [team_id], until))
    if rows:
        put_row(session, stretch, rows[0])
    else:
        take_off(session, stretch, team_id)


def _compute(
    session: Session,
    problem: Problem,
    rules: Rules,
    board: Board,
    team_ids: Sequence[int],
    until: datetime | None,
) -> Iterator[Classed]:
    classes = map_classes(session, team_ids)
    attempts = _load(session, problem, rules, team_ids, until)
    for team_id in team_ids:
        classed = classes.get(team_id)
        if classed is not None and classed.disqualified_at is not None:
            continue
        found = place(team_id, attempts.get(team_id, []), rules, board)
        if found is not None:
            division = "" if classed is None else classed.division
            yield Classed(found, division, pinned=classed is not None and classed.pinned)


def _load(
    session: Session,
    problem: Problem,
    rules: Rules,
    team_ids: Sequence[int],
    until: datetime | None,
) -> dict[int, list[Attempt]]:
    """Return the scored submissions of teams; one query and one row for each number that ranks."""
    # board B ranks by every column that A ranks by
    wanted = _scored(problem, [column.key for column in rules.ranking(Board.B)], team_ids)
    if until is not None:
        wanted = wanted.where(Evaluation.finished_at < until)
    attempts: dict[int, Attempt] = {}
    teams: dict[int, list[Attempt]] = {}
    for row in session.execute(wanted):
        attempt = attempts.get(row.id)
        if attempt is None:
            attempt = attempts[row.id] = Attempt(
                row.id,
                row.created_at,
                is_for_b=row.made_for is Board.B,
                is_chosen=row.chosen_at is not None,
                results={},
            )
            teams.setdefault(row.team_id, []).append(attempt)
        if row.board is not None:
            _add(attempt, row)
    if rules.board.has_ladder_on(Board.A):
        _replace_by_told(session, attempts.values())
    return teams


def _replace_by_told(session: Session, attempts: Iterable[Attempt]) -> None:
    """Put on A what is told in place of what was found; what is not told yet counts nowhere."""
    on_a = [(one, one.results[Board.A]) for one in attempts if Board.A in one.results]
    told = map_told(session, [result.evaluation_id for _, result in on_a])
    for attempt, result in on_a:
        assert isinstance(attempt.results, dict)  # noqa: S101 — `_load` made it
        number = result.evaluation_id
        attempt.results[Board.A] = Result(number, told.get(number, {}))


def _add(attempt: Attempt, row: Any) -> None:  # noqa: ANN401 — a row of `_scored`
    results = attempt.results
    assert isinstance(results, dict)  # noqa: S101 — `_load` made it
    found = results.get(row.board)
    if found is None or found.evaluation_id != row.evaluation_id:
        found = results[row.board] = Result(row.evaluation_id, {})
    assert isinstance(found.scores, dict)  # noqa: S101 — made here
    found.scores[row.key] = row.value


def _scored(
    problem: Problem, keys: Sequence[str], team_ids: Sequence[int]
) -> Select[*tuple[Any, ...]]:
    """Return every number that ranks of the submissions that can count.

    With `rows` one evaluation, on A, holds both boards' scores; with `sets` each has its own.
    """
    return (
        select(
            Submission.id,
            Submission.team_id,
            Submission.created_at,
            Submission.board.label("made_for"),
            FinalChoice.chosen_at,
            Evaluation.id.label("evaluation_id"),
            Score.board,
            Score.key,
            Score.value,
        )
        .select_from(Submission)
        .join(
            Evaluation,
            and_(
                Evaluation.submission_id == Submission.id,
                Evaluation.is_current,
                Evaluation.state == State.SCORED,
            ),
        )
        .outerjoin(Score, and_(Score.evaluation_id == Evaluation.id, Score.key.in_(keys)))
        .outerjoin(FinalChoice, FinalChoice.submission_id == Submission.id)
        .where(
            Submission.problem_id == problem.id,
            Submission.team_id.in_(team_ids),
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
        )
        .order_by(Submission.team_id, Submission.id, Evaluation.id)
    )


def map_scores(
    session: Session, board: Board, evaluations: Sequence[int]
) -> dict[int, dict[str, float]]:
    """Return the numbers of evaluations on a board, by evaluation and column; one query at most."""
    if not evaluations:
        return {}
    rows = session.execute(
        select(Score.evaluation_id, Score.key, Score.value).where(
            Score.evaluation_id.in_(evaluations), Score.board == board
        )
    )
    found: dict[int, dict[str, float]] = {}
    for evaluation, key, value in rows:
        found.setdefault(evaluation, {})[key] = value
    return found


def map_told(session: Session, evaluations: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return what the Ladder tells of evaluations, by evaluation and column; one query."""
    rows = session.execute(
        select(ToldScore.evaluation_id, ToldScore.key, ToldScore.value).where(
            ToldScore.evaluation_id.in_(evaluations)
        )
    )
    return {evaluation: {key: value} for evaluation, key, value in rows}


def map_shown(
    session: Session, rules: Rules, board: Board, evaluations: Sequence[int]
) -> dict[int, dict[str, float]]:
    """Return the numbers that a board answers with: those found, or what the Ladder tells."""
    if rules.board.has_ladder_on(board):
        return map_told(session, evaluations)
    return map_scores(session, board, evaluations)


def note_change(session: Session, problem: Problem) -> None:
    """Let the versions of a problem's boards grow: something they show changed, as a name."""
    for stage in sorted(problem.stages, key=lambda stage: stage.key):
        hold_board(session, problem, stage.key).version += 1
    session.flush()


@dataclass(frozen=True, slots=True)
class Audit:
    """How a board's rows compare with what can be worked out from the scores."""

    board: Board
    rows: int
    wrong: int
    """Rows that are there and should not be, are missing, or say something else."""
    is_fresh: bool
    """Whether they were made by the rules in force; others are made anew when somebody looks."""


def audit_board(session: Session, problem: Problem, board: Board, *, now: datetime) -> Audit:
    """Compare a board's rows, and the counts by which places are found, with the scores."""
    rules, stretch = rules_of(session, problem), Stretch(problem.id, board)
    state = hold_board(session, problem, board)
    if not is_fresh(state, rules, now):
        return Audit(board, rows=0, wrong=0, is_fresh=False)
    plain = {_told(one) for one in compute(session, problem, rules, board)}
    kept = set(list_told(session, stretch))
    wrong = len(plain ^ kept)
    ranked = sum(not one[-1] for one in kept)
    if count_ranked(session, stretch) != ranked:
        wrong += 1
    return Audit(board, rows=len(kept), wrong=wrong, is_fresh=True)


def _told(row: Classed) -> tuple[object, ...]:
    place = row.place
    return (
        place.team_id,
        place.key,
        place.submission_id,
        place.evaluation_id,
        place.entries,
        place.last_at,
        row.division,
        row.pinned,
    )


def ensure_fresh(session: Session, problem: Problem, *, now: datetime) -> None:
    """Make a problem's boards anew where they were made by other rules."""
    rules = rules_of(session, problem)
    for stage in sorted(problem.stages, key=lambda stage: stage.key):
        state = hold_board(session, problem, stage.key)
        if not is_fresh(state, rules, now):
            _rebuild(session, state, problem, rules, now=now)
    session.flush()
