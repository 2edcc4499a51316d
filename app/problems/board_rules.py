"""How the boards of a problem are made: the organiser's choices, typed. Pure."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_CHOICES: Final = 10
LONGEST_FREEZE_H: Final = 24 * 31
MOST_DIVISIONS: Final = 20
DIVISION_LENGTH: Final = 64

Division = Annotated[
    str, StringConstraints(min_length=1, max_length=DIVISION_LENGTH, pattern=r"^[^,\x00-\x1f]+$")
]


class Counts(StrEnum):
    """Which of a team's submissions counts on board A."""

    BEST = "best"
    LAST = "last"
    CHOSEN = "chosen"
    """The best of those the team chose; without a choice the best of all."""


class Refresh(StrEnum):
    """When the board that everybody sees takes in what has been scored."""

    LIVE = "live"
    HOURLY = "hourly"
    DAILY = "daily"
    """At midnight in Beijing."""


class VisibleTo(StrEnum):
    """Who sees board A."""

    ALL = "all"
    OWN = "own"
    """A team sees its own row and place, staff see all."""


class Ladder(StrEnum):
    """Whether board A answers by the Ladder: with less than was found, see `scoring.ladder`."""

    OFF = "off"
    STEP = "step"
    """A score is told once it is better by more than a fixed step."""
    PARAMETER_FREE = "parameter-free"
    """A score is told once it is better by more than chance would make it."""


class BoardRules(BaseModel):
    """The rules of a problem's boards; every default is what a board does when nothing is set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    counts: Counts = Counts.BEST
    choices: int = Field(default=0, ge=0, le=MOST_CHOICES)
    """How many submissions a team may choose for B, whose best there counts; where it chose none,
    as many of its best on A stand for them. With 0 what counts on A counts on B."""
    tie_columns: bool = False
    """Whether equal scores are decided by the next columns before anything else."""
    hidden_columns: tuple[str, ...] = ()
    refresh: Refresh = Refresh.LIVE
    freeze_hours: int = Field(default=0, ge=0, le=LONGEST_FREEZE_H)
    """For how many hours before stage A closes, and on until B is revealed, A stands still."""
    visible_to: VisibleTo = VisibleTo.ALL
    divisions: tuple[Division, ...] = Field(default=(), max_length=MOST_DIVISIONS)
    merging: bool = True
    """Whether two teams may become one."""
    merge_closes_hours: int = Field(default=0, ge=0, le=LONGEST_FREEZE_H)
    """For how many hours before stage A closes teams merge no more."""
    explain_a: bool = False
    """Whether a team sees which classes it confuses on A, or how far off it is there."""
    ladder: Ladder = Ladder.OFF
    ladder_step: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """In the units of the column that ranks; 0 where none was set."""

    def has_ladder_on(self, board: str) -> bool:
        """Tell whether a board answers by the Ladder; only A ever does."""
        return self.ladder is not Ladder.OFF and board == "A"

    @property
    def most_choices(self) -> int:
        """How many submissions a team may choose."""
        return max(self.choices, 1 if self.counts is Counts.CHOSEN else 0)
