"""A problem whose truth was wrong: teams that answered, and the pack that corrects it."""

import io
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Role
from app.contests.operations import Notice
from app.core.audit import Actor
from app.core.platform import Platform
from app.evaluations.jobs import evaluate_one
from app.evaluations.models import Evaluation, State
from app.problems.models import Board, Problem, Revision
from app.problems.preparing import PreparedPack, prepare_pack
from app.problems.publishing import publish, stage
from app.rescoring.boards import read_boards
from app.rescoring.models import Rescore
from app.rescoring.operations import publish_rescore, stage_rescore
from app.rescoring.tending import tend_rescores
from app.settings import Settings
from app.submissions.models import Kind
from app.teams.models import Team
from tests.factories.accounts import make_user
from tests.factories.packs import write_pack, zip_folder
from tests.factories.submissions import make_submission
from tests.factories.teams import make_team

REASON: Final = "r0 was labelled by mistake"


def answer(**labels: str) -> bytes:
    rows = {f"r{number}": "ok" for number in range(6)} | labels
    return ("id,label\n" + "".join(f"{row},{label}\n" for row, label in rows.items())).encode()


def correct(pack: Path) -> Path:
    """Correct A's truth: the first joint is fine. B stays."""
    (pack / "data/A/truth/truth.csv").write_text("id,label\nr0,ok\nr1,ok\n")
    return pack


class Competition:
    """One problem, its teams, and a worker that does as the tests say."""

    def __init__(self, platform: Platform, settings: Settings, folder: Path) -> None:
        self.platform, self.settings, self.folder = platform, settings, folder
        self.database = platform.database
        self._publish(write_pack(folder / "first"))
        with self.database.transaction() as session:
            self.organiser = make_user(session, role=Role.ORGANISER, name="Organiser")

    def hand_in(self, name: str, content: bytes, kind: Kind = Kind.PREDICTIONS) -> int:
        """Hand in for a team, made where there is none; queued, not evaluated."""
        blob = self.platform.blobs.put(io.BytesIO(content))
        with self.database.transaction() as session:
            problem = self.problem(session)
            team = make_team(session, problem=problem, name=name)
            return make_submission(
                session,
                problem=problem,
                team=team,
                kind=kind,
                blob=blob.digest,
                size=blob.size,
                at=self.platform.clock.now(),
            ).id

    def corrected(self) -> Path:
        return correct(write_pack(self.folder / "corrected"))

    def corrected_zip(self) -> bytes:
        return zip_folder(self.corrected())

    def stage(self, pack: Path | None = None) -> int:
        """Stage a pack, the corrected one unless another is given; return the re-score's number."""
        prepared = self._prepare(pack or self.corrected())
        now = self.platform.clock.now()
        with self.database.transaction() as session:
            revision = stage(session, prepared, "solder", now=now)
            by = self.organiser.as_actor()
            return stage_rescore(session, revision, REASON, by, now=now).id

    def work(self) -> bool:
        """Evaluate one; return whether there was one."""
        return evaluate_one(self.platform, self.settings, "cpu", "worker")

    def tend(self) -> None:
        """Do what the scheduler does for re-scores."""
        tend_rescores(self.platform)

    def publish(self, number: int) -> None:
        with self.database.transaction() as session:
            publish_rescore(
                session,
                session.get_one(Rescore, number),
                self.organiser,
                Notice("重新评分", "真值有误，已更正。"),
                now=self.platform.clock.now(),
            )

    def finish(self) -> None:
        """Tend and work until nothing is left to do."""
        tend_rescores(self.platform)
        while self.work():
            pass
        tend_rescores(self.platform)

    def board(self, board: Board = Board.A) -> list[tuple[int, str, float]]:
        """Return ranks, names and scores, best first, as everybody may see them one day."""
        with self.database.transaction() as session:
            problem = self.problem(session)
            places = read_boards(session, problem, now=self.platform.clock.now())[board]
            found = [
                (place.rank, session.get_one(Team, team).name, place.score or 0.0)
                for team, place in places.items()
            ]
            return sorted(found)

    def evaluations(self, submission: int) -> list[Evaluation]:
        with self.database.reading() as session:
            return list(
                session.scalars(
                    select(Evaluation)
                    .where(Evaluation.submission_id == submission)
                    .order_by(Evaluation.id)
                )
            )

    def states(self, *, shadows: bool) -> list[State]:
        with self.database.reading() as session:
            wanted = select(Evaluation.state).where(Evaluation.is_shadow.is_(shadows))
            return list(session.scalars(wanted.order_by(Evaluation.id)))

    def rescore(self, number: int) -> Rescore:
        with self.database.reading() as session:
            return session.get_one(Rescore, number)

    def problem(self, session: Session) -> Problem:
        return session.scalars(select(Problem)).one()

    def _prepare(self, pack: Path) -> PreparedPack:
        return prepare_pack(self.platform, pack, seed=None, progress=lambda _step: None)

    def _publish(self, pack: Path) -> Revision:
        prepared = self._prepare(pack)
        with self.database.transaction() as session:
            actor = Actor(None, "test")
            return publish(session, prepared, actor=actor, now=self.platform.clock.now())

    def publish_again(self) -> Revision:
        """Publish another revision, as if the statement was corrected."""
        return self._publish(write_pack(self.folder / "again"))
