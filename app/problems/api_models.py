"""What the API says about problems: the shapes, and how rows become them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from app.core.api import Instant, Output, PageInput
from app.core.i18n import choose_markdown, choose_text
from app.problems.models import Area, Partition, Problem, Revision, Stage, StageState
from app.problems.queries import ProblemCard, Sort, problem_state
from app.problems.storage import StoredFile
from app.ui.i18n import as_shown, current_locale
from problems.spec import Difficulty, Kind, ProblemSpec
from scoring import BoardColumn, ColumnType, Direction, RunFact


class ProblemQuery(PageInput):
    """How the list of problems is narrowed."""

    area: Area | None = None
    kind: Kind | None = None
    state: StageState | None = None
    q: str = Field(
        default="",
        max_length=200,
        description="Words in title, summary, tags, owner; Chinese ones as pinyin too.",
    )
    difficulty: Difficulty | None = None
    min_prize: int = Field(default=0, ge=0, le=10**9, description="Yuan, before tax.")
    sort: Sort = Sort.NEWEST


class StageOutput(Output):
    """When a board takes submissions."""

    key: str
    opens_at: Instant | None
    closes_at: Instant | None
    state: StageState


class ProblemItem(Output):
    """One problem in a list."""

    slug: str
    title: str
    summary: str
    area: Area
    tags: list[str]
    kinds: list[Kind]
    difficulty: Difficulty | None
    prize_yuan: int = Field(description="All prizes together, before tax.")
    state: StageState
    stages: list[StageOutput]


class FileOutput(Output):
    """A file to download."""

    path: str
    size: int = Field(description="Bytes.")
    sha256: str


class ColumnOutput(Output):
    """A column of the leaderboard."""

    key: str
    title: str
    metric: str | None
    run: RunFact | None
    """What of the run it shows; null where the answer is judged."""
    direction: Direction
    decimals: int
    primary: bool


class TableOutput(Output):
    """What an answer table holds."""

    key: list[str]
    columns: dict[str, ColumnType]


class FormatOutput(Output):
    """One format that a table of answers may be in."""

    name: str
    extensions: list[str]
    media_type: str


class SubmissionOutput(Output):
    """What is handed in."""

    kinds: list[Kind]
    file: str
    max_bytes: int
    table: TableOutput | None
    formats: list[FormatOutput]
    """Those a predictions file may be in where the answer is a table; its content decides."""


class ResourcesOutput(Output):
    """What one run of code may use."""

    image: str
    cpus: float
    memory_bytes: int
    gpus: int
    gpu_memory_bytes: int | None
    """The least each card has."""
    gpu_models: list[str]
    """Parts of the names of the cards; empty: any."""
    time_s: int
    output_bytes: int
    network: str


class LimitsOutput(Output):
    """What a team may do."""

    submissions_per_day: int
    team_size: int


class QuotaOutput(Output):
    """What the caller's team has used of today's submissions."""

    limit: int
    used: int
    resets_at: Instant


class ScenarioOutput(Output):
    """Whose problem it is."""

    code: str
    owner: str
    pain_point: str


class SeedOutput(Output):
    """The promise about the hidden data: SHA-256 of seed and nonce."""

    commitment: str
    is_public: bool


class ProblemOutput(ProblemItem):
    """Everything about one problem. `quota` is null for staff."""

    revision: int
    scenario: ScenarioOutput | None
    licence: str
    statement: str = Field(description="Markdown.")
    partition: Partition
    columns: list[ColumnOutput]
    submission: SubmissionOutput
    resources: ResourcesOutput
    limits: LimitsOutput
    files: list[FileOutput]
    quota: QuotaOutput | None
    b_revealed_at: Instant | None
    seed: SeedOutput | None


def describe_item(card: ProblemCard, now: datetime) -> ProblemItem:
    """Return a problem as lists show it."""
    return ProblemItem(**_item(card, now))


def _item(card: ProblemCard, now: datetime) -> dict[str, object]:
    problem, spec, locale = card.problem, card.revision.spec, current_locale()
    return {
        "slug": problem.slug,
        "title": choose_text(problem.title, locale),
        "summary": choose_text(problem.summary, locale),
        "area": problem.area,
        "tags": spec.get("tags", []),
        "kinds": spec["submission"]["kinds"],
        "difficulty": problem.difficulty,
        "prize_yuan": problem.prize_yuan,
        "state": problem_state(problem, now),
        "stages": [_stage(stage, now) for stage in problem.stages],
    }


def _stage(stage: Stage, now: datetime) -> StageOutput:
    return StageOutput(
        key=stage.key.value,
        opens_at=stage.opens_at,
        closes_at=stage.closes_at,
        state=stage.state(now),
    )


def describe(
    problem: Problem,
    revision: Revision,
    files: Sequence[StoredFile],
    quota: QuotaOutput | None,
    now: datetime,
) -> ProblemOutput:
    """Return everything about a problem."""
    spec = ProblemSpec.model_validate(revision.spec)
    return ProblemOutput(
        **_item(ProblemCard(problem, revision), now),
        revision=revision.number,
        scenario=_scenario(spec),
        licence=spec.licence,
        statement=choose_markdown(revision.statements, current_locale()),
        partition=Partition(spec.scoring.partition),
        columns=[_column(column) for column in spec.scoring.columns],
        submission=_submission(spec),
        resources=_resources(spec),
        limits=LimitsOutput(
            submissions_per_day=problem.submissions_per_day, team_size=problem.team_size
        ),
        files=[FileOutput(path=file.path, size=file.size, sha256=file.digest) for file in files],
        quota=quota,
        b_revealed_at=problem.b_revealed_at,
        seed=_seed(revision),
    )


def _seed(revision: Revision) -> SeedOutput | None:
    if revision.seed_commitment is None:
        return None
    return SeedOutput(commitment=revision.seed_commitment, is_public=revision.seed_is_public)


def _scenario(spec: ProblemSpec) -> ScenarioOutput | None:
    if spec.scenario is None:
        return None
    locale = current_locale()
    return ScenarioOutput(
        code=spec.scenario.code,
        owner=as_shown(spec.scenario.owner.text(locale)),
        pain_point=as_shown(spec.scenario.pain_point.text(locale)),
    )


def _column(column: BoardColumn) -> ColumnOutput:
    return ColumnOutput(
        key=column.key,
        title=column.key if column.title is None else as_shown(column.title.text(current_locale())),
        metric=column.metric,
        run=column.run,
        direction=column.direction,
        decimals=column.decimals,
        primary=column.primary,
    )


def _submission(spec: ProblemSpec) -> SubmissionOutput:
    table = spec.submission.table
    return SubmissionOutput(
        kinds=list(spec.submission.kinds),
        file=spec.submission.file,
        max_bytes=spec.submission.max_bytes,
        table=None
        if table is None
        else TableOutput(key=list(table.key), columns=dict(table.columns)),
        formats=[
            FormatOutput(
                name=each.label, extensions=list(each.extensions), media_type=each.media_type
            )
            for each in spec.table_formats
        ],
    )


def _resources(spec: ProblemSpec) -> ResourcesOutput:
    granted = spec.resources
    return ResourcesOutput(
        image=granted.image,
        cpus=float(granted.cpus),
        memory_bytes=granted.memory,
        gpus=granted.gpus,
        gpu_memory_bytes=granted.gpu_memory,
        gpu_models=list(granted.gpu_models),
        time_s=granted.time_s,
        output_bytes=granted.output,
        network=granted.network.value,
    )
