"""How a problem describes its answer table and its leaderboard columns."""

import re
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, LiteralString, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from scoring.formula import FUNCTIONS, Formula, FormulaError, FormulaFault
from scoring.run_facts import RunFact

__all__ = [
    "BoardColumn",
    "ColumnKind",
    "ColumnType",
    "Direction",
    "Localized",
    "ParamValue",
    "Partition",
    "Scoring",
    "SpecModel",
    "SubmissionTable",
    "is_plain_name",
    "spec_error",
]

COLUMN_KEY: Final = r"^[a-z][a-z0-9_]{0,39}$"
ParamScalar = bool | int | float | str
ParamValue = ParamScalar | tuple[ParamScalar, ...]


class SpecModel(BaseModel):
    """Immutable, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def spec_error(*, code: LiteralString, **details: object) -> PydanticCustomError:
    """Build a validation error that a pack's loader says in words; `at` refines its place."""
    return PydanticCustomError(code, code, details)


def _as_text(value: object) -> object:
    """Let a class be written `0` in YAML: classes are compared as text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_names(value: object) -> object:
    """Let one name stand for a list of one."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ClassName = Annotated[Name, BeforeValidator(_as_text, json_schema_input_type=str | int)]
Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(_as_names, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]


class Localized(SpecModel):
    """One text in both languages."""

    zh_hans: Text = Field(alias="zh-Hans")
    en: Text

    model_config = ConfigDict(populate_by_name=True)

    def text(self, locale: str) -> str:
        """Return the text for a locale: every Chinese one reads `zh-Hans`, the rest English."""
        return self.zh_hans if locale.lower().startswith("zh") else self.en


class ColumnKind(StrEnum):
    """What a cell of an answer may hold."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"


class ColumnType(SpecModel):
    """The type of one answer column. `min` and `max` are inclusive; an empty cell is a null."""

    type: ColumnKind
    values: tuple[ClassName, ...] | None = Field(default=None, min_length=1)
    min: int | float | None = None
    max: int | float | None = None
    nullable: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.values is not None) != (self.type is ColumnKind.CATEGORY):
            raise spec_error(
                code="values_missing" if self.values is None else "values_not_category"
            )
        if self.values is not None and len(set(self.values)) != len(self.values):
            raise spec_error(code="values_repeated")
        bounded = self.min is not None or self.max is not None
        if bounded and self.type not in {ColumnKind.INTEGER, ColumnKind.NUMBER}:
            raise spec_error(code="bounds_not_number")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise spec_error(code="bounds_crossed")
        return self


class SubmissionTable(SpecModel):
    """A tabular answer: which columns it has and which of them name the row."""

    key: tuple[Name, ...] = Field(min_length=1)
    columns: dict[Name, ColumnType] = Field(min_length=1)

    @model_validator(mode="after")
    def _keys_are_columns(self) -> Self:
        for place, name in enumerate(self.key):
            at = ("key", place)
            if name not in self.columns:
                allowed = ", ".join(self.columns)
                raise spec_error(code="key_not_a_column", at=at, name=name, allowed=allowed)
            column = self.columns[name]
            if column.nullable or column.type is ColumnKind.NUMBER:
                raise spec_error(code="key_type", at=at, name=name)
        if len(set(self.key)) != len(self.key):
            raise spec_error(code="key_repeated", at=("key",))
        return self


class Direction(StrEnum):
    """Which way a score improves."""

    MAX = "max"
    MIN = "min"


class Partition(StrEnum):
    """How the boards share the data: rows of one answer, or an input and an answer each."""

    ROWS = "rows"
    SETS = "sets"


_FORMULA_CODES: Final[Mapping[FormulaFault, LiteralString]] = {
    FormulaFault.TOO_LONG: "formula_too_long",
    FormulaFault.SYNTAX: "formula_syntax",
    FormulaFault.NOT_ALLOWED: "formula_not_allowed",
    FormulaFault.NOT_A_NUMBER: "formula_number",
    FormulaFault.UNKNOWN_FUNCTION: "formula_function",
    FormulaFault.ARGUMENTS: "formula_arguments",
    FormulaFault.POINTS: "formula_points",
}


class BoardColumn(SpecModel):
    """One leaderboard column: a metric's, a scorer's, a formula's, or what the run itself used.

    `decimals` is for display only: ranking uses the whole number. A run that uses more than `limit`
    has no scores.
    """

    key: Annotated[str, StringConstraints(pattern=COLUMN_KEY)]
    metric: Name | None = None
    formula: Annotated[str, StringConstraints(min_length=1)] | None = None
    run: RunFact | None = None
    limit: Annotated[int | float, Field(gt=0)] | None = None
    target: Names | None = None
    prediction: Names | None = None
    direction: Direction
    decimals: int = Field(default=5, ge=0, le=12)
    primary: bool = False
    params: dict[Name, ParamValue] = Field(default_factory=dict)
    title: Localized | None = None

    @property
    def predictions(self) -> tuple[str, ...]:
        """The answer's columns: the target's names unless given."""
        return self.prediction or self.target or ()

    @property
    def uses(self) -> frozenset[str]:
        """The columns that the formula is made of."""
        return frozenset() if self.formula is None else frozenset(Formula.read(self.formula).names)

    @model_validator(mode="after")
    def _formula_is_readable(self) -> Self:
        if self.formula is None:
            return self
        if self.metric is not None:
            raise spec_error(code="metric_and_formula", at=("formula",))
        try:
            Formula.read(self.formula)
        except FormulaError as error:
            raise spec_error(
                code=_FORMULA_CODES[error.reason],
                at=("formula",),
                count=error.at,
                name=error.name,
                allowed=", ".join(FUNCTIONS),
            ) from None
        return self

    @model_validator(mode="after")
    def _run_stands_alone(self) -> Self:
        if self.run is None:
            if self.limit is not None:
                raise spec_error(code="limit_without_run", at=("limit",))
            return self
        if self.metric is not None or self.formula is not None:
            raise spec_error(code="run_and_more", at=("run",))
        if self.direction is not Direction.MIN:
            raise spec_error(code="run_direction", at=("direction",), name=self.run.value)
        return self

    @model_validator(mode="after")
    def _metric_has_target(self) -> Self:
        if self.metric is not None and self.target is None:
            raise spec_error(code="target_missing", at=("metric",))
        if self.metric is None and (self.target or self.prediction or self.params):
            raise spec_error(code="metric_missing")
        return self


class Scoring(SpecModel):
    """How answers become scores: built-in metrics, or a scorer program of the pack.

    `stratum` is a column of the truth: its values tell the parts of the test set that each draw of
    the board's statistics keeps at their size.
    """

    partition: Partition
    columns: tuple[BoardColumn, ...] = Field(min_length=1, max_length=20)
    scorer: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+\.py$")] | None = None
    stratum: Name | None = None

    @property
    def primary(self) -> BoardColumn:
        """The column that ranks."""
        return next(column for column in self.columns if column.primary)

    @model_validator(mode="after")
    def _one_primary(self) -> Self:
        for key, count in Counter(column.key for column in self.columns).items():
            if count > 1:
                raise spec_error(code="column_repeated", at=("columns",), name=key)
        primaries = [place for place, column in enumerate(self.columns) if column.primary]
        if len(primaries) != 1:
            at = ("columns", *primaries[1:2])
            raise spec_error(code="one_primary", at=at, count=len(primaries))
        return self

    @property
    def measured(self) -> tuple[BoardColumn, ...]:
        """The columns that a metric or the scorer fills."""
        return tuple(
            column for column in self.columns if column.formula is None and column.run is None
        )

    @property
    def timed(self) -> tuple[BoardColumn, ...]:
        """The columns that the run itself fills."""
        return tuple(column for column in self.columns if column.run is not None)

    @property
    def needs_usage(self) -> bool:
        """Whether a column shows what a run reports of itself."""
        return any(column.run is not None and column.run.is_reported for column in self.columns)

    def without_run(self) -> Self:
        """Return what can be scored where nothing ran: neither run columns nor what uses them."""
        if not self.timed:
            return self
        known = set(self.complete({column.key: 1.0 for column in self.measured}))
        kept = tuple(column for column in self.columns if column.key in known)
        return self.model_copy(update={"columns": kept})

    def complete(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Return the measured scores with those of the formulas; NaN where one is undefined."""
        found = dict(scores)
        waiting = [column for column in self.columns if column.formula is not None]
        while waiting:  # a formula may use another: those that can be worked out go first
            able = [column for column in waiting if column.uses <= set(found)]
            for column in able:
                found[column.key] = Formula.read(column.formula or "").value(found)
            waiting = [column for column in waiting if column not in able]
            if not able:
                break
        return found

    @model_validator(mode="after")
    def _formulas_have_columns(self) -> Self:
        known = {column.key for column in self.columns}
        for place, column in enumerate(self.columns):
            for name in sorted(column.uses - known):
                at = ("columns", place, "formula")
                allowed = ", ".join(sorted(known))
                raise spec_error(code="formula_column", at=at, name=name, allowed=allowed)
        filled = (*self.measured, *self.timed)
        done = self.complete({column.key: 1.0 for column in filled})
        for place, column in enumerate(self.columns):
            if column.key not in done:
                at = ("columns", place, "formula")
                raise spec_error(code="formula_circle", at=at, name=column.key)
        return self

    @model_validator(mode="after")
    def _metric_or_scorer(self) -> Self:
        for place, column in enumerate(self.columns):
            at = ("columns", place)
            if column.formula is not None or column.run is not None:
                continue
            if self.scorer is None and column.metric is None:
                raise spec_error(code="no_metric", at=at, name=column.key)
            if self.scorer is not None and column.metric is not None:
                raise spec_error(code="metric_and_scorer", at=at, name=column.key)
        return self


def is_plain_name(name: str) -> bool:
    """Say whether `name` is one file name: no folder, no leading dot, nothing a shell minds."""
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name) is not None
