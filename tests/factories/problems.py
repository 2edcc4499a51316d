from copy import deepcopy
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contests.models import Contest
from app.problems.models import Area, Board, BoardData, Problem, Revision, Stage
from tests.factories.accounts import CREATED

OPENS: Final = datetime(2029, 12, 31, tzinfo=UTC)
ZEROS: Final = "0" * 64
_numbers = count(1)

SPEC: Final[dict[str, Any]] = {
    "version": 1,
    "slug": "problem",
    "title": {"zh-Hans": "题目", "en": "Problem"},
    "summary": {"zh-Hans": "摘要", "en": "Summary"},
    "area": "quality-inspection",
    "licence": "CC-BY-4.0",
    "submission": {
        "kinds": ["predictions", "code"],
        "file": "predictions.csv",
        "max_bytes": 1 << 20,
        "table": {
            "key": ["id"],
            "columns": {
                "id": {"type": "string"},
                "label": {"type": "category", "values": ["ok", "open"]},
            },
        },
    },
    "scoring": {
        "partition": "rows",
        "columns": [
            {
                "key": "macro_f1",
                "metric": "f1_macro",
                "target": "label",
                "direction": "max",
                "decimals": 5,
                "primary": True,
            },
            {"key": "accuracy", "metric": "accuracy", "target": "label", "direction": "max"},
        ],
    },
    "resources": {
        "image": "python-cpu",
        "cpus": 1,
        "memory": 1 << 30,
        "time": 60,
        "output": 1 << 20,
    },
    "limits": {"submissions_per_day": 3, "team_size": 5},
}


def make_contest(session: Session) -> Contest:
    found = session.scalar(select(Contest).where(Contest.slug == "demo"))
    if found is not None:
        return found
    contest = Contest(
        slug="demo", title={"zh-Hans": "百景大赛", "en": "Baijing"}, created_at=CREATED
    )
    session.add(contest)
    session.flush()
    return contest


def make_problem(
    session: Session,
    *,
    slug: str | None = None,
    spec: dict[str, Any] | None = None,
    submissions_per_day: int = 3,
    opens_at: datetime | None = OPENS,
    closes_at: datetime | None = None,
    boards: tuple[Board, ...] = (Board.A, Board.B),
) -> Problem:
    slug = slug or f"problem-{next(_numbers)}"
    problem = Problem(
        contest=make_contest(session),
        slug=slug,
        revision_number=1,
        area=Area.QUALITY_INSPECTION,
        title={"zh-Hans": f"题目 {slug}", "en": f"Problem {slug}"},
        summary={"zh-Hans": "摘要", "en": "Summary"},
        search_text=slug,
        takes_code=True,
        submissions_per_day=submissions_per_day,
        team_size=5,
        b_revealed_at=None,
        withdrawn_at=None,
        created_at=CREATED,
        stages=[
            Stage(key=board, opens_at=opens_at if board is Board.A else None, closes_at=closes_at)
            for board in boards
        ],
    )
    session.add(problem)
    session.flush()
    make_revision(session, problem=problem, spec=spec or (deepcopy(SPEC) | {"slug": slug}))
    return problem


def make_revision(session: Session, *, problem: Problem, spec: dict[str, Any]) -> Revision:
    boards = [stage.key for stage in problem.stages]
    revision = Revision(
        problem=problem,
        number=problem.revision_number,
        spec=spec,
        statements={"zh-Hans": "## 赛题背景\n\n文字", "en": "## Background\n\nText"},
        pack_blob=ZEROS,
        keys_blob=None,
        cover_blob=None,
        seed_commitment=None,
        sealed_seed=None,
        created_at=CREATED,
        files=[],
        boards=[
            BoardData(board=board, input_blob=ZEROS, input_size=10, truth_blob=ZEROS)
            for board in boards
        ],
    )
    session.add(revision)
    session.flush()
    return revision
