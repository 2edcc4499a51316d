"""The rules in force on a problem's boards, their digest, and up to when a board is shown. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from app.core.clock import next_beijing_midnight
from app.problems.board_rules import BoardRules, Refresh
from app.problems.models import Board, Problem, TieRule
from app.standings.keys import WIDTH
from scoring import BoardColumn, Scoring


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides which rows a board has and in which order."""

    board: BoardRules
    tie_rule: TieRule
    scoring: Scoring
    closes_at: datetime | None
    """When stage A closes."""
    revealed_at: datetime | None
    has_b: bool

    @classmethod
    def of(cls, problem: Problem, scoring: Scoring) -> "Rules":
        """Return the rules of a problem under the revision in force."""
        stage = problem.stage(Board.A)
        return cls(
            problem.rules,
            problem.tie_rule,
            scoring,
            None if stage is None else stage.closes_at,
            problem.b_revealed_at,
            problem.stage(Board.B) is not None,
        )

    def columns(self, board: Board) -> tuple[BoardColumn, ...]:
        """Return the columns a board shows, the primary first; that one cannot be hidden.

        A board that answers by the Ladder shows no other: from a second column the first could be
        guessed.
        """
        ladder = self.board.has_ladder_on(board)
        shown = [
            column
            for column in self.scoring.columns
            if column.primary or not (ladder or column.key in self.board.hidden_columns)
        ]
        return tuple(sorted(shown, key=lambda column: not column.primary))

    def ranking(self, board: Board) -> tuple[BoardColumn, ...]:
        """Return the columns that rank. A hidden one never does: the order would show it."""
        shown = self.columns(board)
        return shown if self.board.tie_columns else shown[:1]

    def rank_width(self, board: Board) -> int | None:
        """Return how many bytes of a key are equal for a shared rank; None where none is shared."""
        return WIDTH * len(self.ranking(board)) if self.tie_rule is TieRule.SHARED else None

    @property
    def digest(self) -> str:
        """Return what changes whenever rows would have to be made anew."""
        facts = [
            *(f"{column.key} {column.direction}" for column in self.ranking(Board.B)),
            self.board.counts,
            self.board.choices,
            self.board.refresh,
            self.scoring.partition,
        ]
        if self.board.has_ladder_on(Board.A):
            facts += [self.board.ladder, self.board.ladder_step, self.scoring.primary.metric]
        if self.board.freeze_hours:
            facts += [self.board.freeze_hours, self.closes_at, self.revealed_at]
        return sha256(repr([str(fact) for fact in facts]).encode()).hexdigest()

    def frozen_since(self, now: datetime) -> datetime | None:
        """Return since when board A stands still; None while it does not."""
        if not self.board.freeze_hours or self.closes_at is None:
            return None
        since = self.closes_at - timedelta(hours=self.board.freeze_hours)
        is_over = self.revealed_at is not None if self.has_b else now >= self.closes_at
        return None if now < since or is_over else since

    def shown_until(self, board: Board, now: datetime) -> datetime | None:
        """Return up to when the board that everybody sees takes scores in; None: up to now."""
        if board is not Board.A:
            return None
        marks = [self.frozen_since(now)]
        if self.board.refresh is Refresh.HOURLY:
            marks.append(now.replace(minute=0, second=0, microsecond=0))
        elif self.board.refresh is Refresh.DAILY:
            marks.append(next_beijing_midnight(now) - timedelta(days=1))
        return min((mark for mark in marks if mark is not None), default=None)
