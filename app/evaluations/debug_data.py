"""What a try run sees: public data alone, since its team reads everything it prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.problems.models import Board, Partition, Problem, PublicFile, Revision, StageState
from app.problems.queries import find_board_data
from trial.public_data import INPUT, below


@dataclass(frozen=True, slots=True)
class DebugData:
    """The input, as a zip's blob or as digests by path; the keys an answer to it must hold."""

    input_blob: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    keys_blob: str | None = None


def find_debug_data(session: Session, revision: Revision, *, now: datetime) -> DebugData:
    """Return what a try run is given.

    The pack's `data/public/debug_input`, where there is one; else A's input where teams download
    it anyway (`sets`, once the stage has opened), and then its keys too; else all public files.
    """
    public = {
        file.path: file.digest
        for file in session.scalars(select(PublicFile).where(PublicFile.revision_id == revision.id))
    }
    made_for_it = below(INPUT, public)
    if made_for_it:
        return DebugData(files={name: public[path] for name, path in made_for_it.items()})
    if revision.spec["scoring"]["partition"] == Partition.SETS:
        data = find_board_data(session, revision, Board.A)
        problem = session.get_one(Problem, revision.problem_id)
        stage = problem.stage(Board.A)
        has_opened = stage is not None and stage.state(now) is not StageState.UPCOMING
        if data is not None and data.input_blob is not None and has_opened:
            return DebugData(data.input_blob, keys_blob=data.keys_blob)
    return DebugData(files=public)
