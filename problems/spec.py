"""The model of `problem.yaml`: what a pack may say. Its JSON Schema is part of the documents."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from problems.quantities import Seconds, Size
from scoring.encodings import Encoding
from scoring.formats import Format, format_of_name
from scoring.metrics.masks import MASK_METRICS
from scoring.spec import (
    Localized,
    Partition,
    Scoring,
    SpecModel,
    SubmissionTable,
    is_plain_name,
    spec_error,
)
from scoring.tables import fits_pictures
from scoring.usage import USAGE_FILE

__all__ = [
    "Area",
    "Baseline",
    "Board",
    "Bundle",
    "BundleFormat",
    "Kind",
    "Limits",
    "Network",
    "ProblemSpec",
    "Resources",
    "Scenario",
    "Submission",
    "problem_schema",
]


class Area(StrEnum):
    """The five areas of the competition."""

    QUALITY_INSPECTION = "quality-inspection"
    LOGISTICS = "logistics"
    SUPPLY_CHAIN = "supply-chain"
    MAINTENANCE = "maintenance"
    DESIGN = "design"


class Difficulty(StrEnum):
    """How much a problem asks of a team, in its author's judgement."""

    INTRODUCTORY = "introductory"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Kind(StrEnum):
    """What a team may hand in. `report` is a reserved word for now."""

    PREDICTIONS = "predictions"
    CODE = "code"
    REPORT = "report"


class BundleFormat(StrEnum):
    """Whose folders and calling conventions the programs of an imported problem expect."""

    CODABENCH = "codabench"
    EVALAI = "evalai"


class Network(StrEnum):
    """What a run may reach. `gateway` is a reserved word for now."""

    NONE = "none"
    GATEWAY = "gateway"


class Board(StrEnum):
    """A is open while the contest runs, B is hidden until the reveal."""

    A = "A"
    B = "B"


def _plain_name(name: str) -> str:
    if not is_plain_name(name):
        raise spec_error(code="plain_name")
    return name


def _no_reserved_kind(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    if Kind.REPORT in kinds:
        raise spec_error(code="reserved_word", word="report", at=(kinds.index(Kind.REPORT),))
    return kinds


def _no_gateway(network: Network) -> Network:
    if network is Network.GATEWAY:
        raise spec_error(code="reserved_word", word="network: gateway")
    return network


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
FileName = Annotated[str, AfterValidator(_plain_name)]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
IMAGE = r"^([a-z0-9][a-z0-9-]{0,62}|[a-z0-9][a-z0-9._/:-]{0,200}@sha256:[0-9a-f]{64})$"
"""The name of an image that the platform builds, or any image by its digest."""
POOL = r"^[a-z0-9-]{1,32}$"


class Scenario(SpecModel):
    """The factory's problem this pack stands for."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,8}-[0-9]{1,6}$")]
    owner: Localized
    pain_point: Localized


class Submission(SpecModel):
    """What a team hands in, and what a code run must write into `$OUTPUT_DIR`."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1), AfterValidator(_no_reserved_kind)]
    file: FileName
    max_bytes: Size = 10 << 20
    table: SubmissionTable | None = None


class Resources(SpecModel):
    """What one run of a code submission may use, and what the machine it runs on must have.

    `gpu_memory` is what every card must have, `gpu_models` are parts of the names of those that
    will do, in any case (`a100` is any A100); without them any card does. `pool` pins the runs to
    one pool of workers.
    """

    image: Annotated[str, StringConstraints(pattern=IMAGE)] = "python-cpu"
    cpus: Annotated[int | float, Field(gt=0, le=1024)] = 1
    memory: Size = 2 << 30
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    gpu_memory: Size | None = None
    gpu_models: tuple[ModelName, ...] = Field(default=(), max_length=20)
    pool: Annotated[str, StringConstraints(pattern=POOL)] | None = None
    time: Seconds = 300
    output: Size = 256 << 20
    network: Annotated[Network, AfterValidator(_no_gateway)] = Network.NONE

    @model_validator(mode="after")
    def _only_gpus_have_models(self) -> Self:
        for name in ("gpu_memory", "gpu_models"):
            if getattr(self, name) and not self.gpus:
                raise spec_error(code="needs_gpus", at=(name,), name=name)
        return self

    @property
    def time_s(self) -> int:
        """The wall-clock limit in seconds."""
        return self.time


class Limits(SpecModel):
    """What a team may do."""

    submissions_per_day: Annotated[int, Field(ge=1, le=1000)] = 3
    team_size: Annotated[int, Field(ge=1, le=100)] = 5


class Baseline(SpecModel):
    """The scores that `baseline/` was measured to reach on the data of `seed`."""

    seed: Annotated[int, Field(ge=0)] = 0
    scores: dict[Board, dict[Line, float]] = Field(default_factory=dict)
    tolerance: Annotated[float, Field(ge=0)] = 0.0


class Bundle(SpecModel):
    """The pack holds another platform's programs, which are run in that platform's layout.

    Written by `flask bundle import`; see docs/bundles.md. `settings` are an organiser's settings by
    name, as text: a new problem starts with them.
    """

    format: BundleFormat
    settings: dict[Line, str] = Field(default_factory=dict)


class ProblemSpec(SpecModel):
    """`problem.yaml`, whole."""

    version: Literal[1]
    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{3,64}$")]
    title: Localized
    summary: Localized
    area: Area
    scenario: Scenario | None = None
    tags: tuple[Line, ...] = Field(default=(), max_length=20)
    difficulty: Difficulty | None = None
    prize_yuan: Annotated[int, Field(ge=0, le=10**9)] = 0
    """All prizes together, before tax."""
    licence: Line
    submission: Submission
    scoring: Scoring
    resources: Resources = Resources()
    limits: Limits = Limits()
    baseline: Baseline | None = None
    bundle: Bundle | None = None

    @model_validator(mode="after")
    def _bundle_has_a_scorer(self) -> Self:
        if self.bundle is None:
            return self
        if self.scoring.scorer is None or self.submission.table is not None:
            raise spec_error(code="bundle_scorer", at=("bundle",))
        return self

    @model_validator(mode="after")
    def _baseline_scores_are_columns(self) -> Self:
        keys = [column.key for column in self.scoring.columns]
        for board, scores in (self.baseline.scores if self.baseline else {}).items():
            for name in scores:
                if name not in keys:
                    at = ("baseline", "scores", board.value, name)
                    allowed = ", ".join(keys)
                    raise spec_error(code="unknown_score_column", at=at, name=name, allowed=allowed)
        return self

    @model_validator(mode="after")
    def _run_columns_have_a_run(self) -> Self:
        for place, column in enumerate(self.scoring.columns):
            at = ("scoring", "columns", place, "run")
            if column.run is None:
                continue
            if self.submission.kinds != (Kind.CODE,):
                raise spec_error(code="run_needs_code", at=at, name=column.run.value)
            if column.run.is_reported and self.submission.file == USAGE_FILE:
                raise spec_error(code="usage_is_answer", at=at, name=USAGE_FILE)
            if column.run.needs_gpus and not self.resources.gpus:
                raise spec_error(code="needs_gpus", at=at, name=column.run.value)
            has_rows = self.submission.table is not None and self.scoring.scorer is None
            if column.run.is_per_item and not has_rows:
                raise spec_error(code="run_needs_table", at=at, name=column.run.value)
        return self

    @property
    def takes_code(self) -> bool:
        """Whether a team may hand in a program."""
        return Kind.CODE in self.submission.kinds

    @property
    def table_formats(self) -> tuple[Format, ...]:
        """What a table of answers may be written in, the usual one first; () where it is no table.

        A pack's own scorer reads the file itself: it gets what `submission.file` is named after.
        """
        if self.submission.table is None:
            return ()
        if self.scoring.scorer is not None:
            return (format_of_name(self.submission.file),)
        return tuple(each for each in Format if each is not Format.PICTURES or self._takes_masks)

    @property
    def _takes_masks(self) -> bool:
        """Whether every row of the answer is a mask, so that pictures may stand for them."""
        table = self.submission.table
        if table is None or not fits_pictures(table.columns, table.key):
            return False
        return all(column.metric in MASK_METRICS for column in self.scoring.measured)

    @property
    def table_encodings(self) -> tuple[Encoding, ...]:
        """What a table of text may be encoded in: a pack's own scorer is spared what is rare."""
        return tuple(Encoding) if self.scoring.scorer is None else (Encoding.UTF_8,)

    @property
    def is_split_by_rows(self) -> bool:
        """Whether one answer covers both boards."""
        return self.scoring.partition is Partition.ROWS


def problem_schema() -> dict[str, object]:
    """Return the JSON Schema of `problem.yaml` (draft 2020-12), as people write it."""
    schema: dict[str, object] = ProblemSpec.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
