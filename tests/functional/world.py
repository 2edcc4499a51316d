"""A site with everybody on it, for tests that knock at every door."""

import io
import shutil
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.accounts import staff_operations
from app.accounts.models import ApiToken, Role, User
from app.bulk.choosing import Choice
from app.bulk.models import BulkKind
from app.bulk.operations import Wish, plan
from app.contests.operations import Notice, post_announcement
from app.core.platform import Platform
from app.discussions import operations as discussions
from app.evaluations.models import Evaluation, LogChunk, State
from app.notifications.models import Notification
from app.notifications.unsubscribing import Stop, seal_stop
from app.overall.jobs import count
from app.overall.models import Basis, OverallBoard, OverallProblem
from app.problems.models import Problem, Publication, PublicationState
from app.problems.preparing import prepare_pack
from app.problems.publishing import stage
from app.rescoring.operations import stage_rescore
from app.similarity.models import Likeness, SimilarPair
from app.submissions.models import Kind
from app.teams.models import Invitation, Membership, MergeRequest, Team
from scoring.aggregate import Method
from tests.factories import make_submission, make_team, make_user
from tests.factories.accounts import CREATED
from tests.factories.packs import publish_pack, write_pack

ROLES: Final = ("visitor", "stranger", "member", "captain", "judge", "organiser", "admin", "gone")
"""`gone` is disabled: the cookie of a disabled account, the token that disabling revoked."""

ANSWER = b"id,label\n" + b"".join(b"r%d,ok\n" % row for row in range(6))
B_SCORE: Final = 0.87654321
B_CASE: Final = "b-case-for-staff-alone"
SECRETS: Final = (b"0.8765", b"87.65", B_CASE.encode())


class World:
    """One problem with a hidden B, one team with a scored and a waiting submission, everybody."""

    def __init__(self, app: Flask, platform: Platform, folder: Path) -> None:
        self.app, self.platform, self.database = app, platform, platform.database
        self._file, self._saved = folder / "test.db", folder / "saved.db"
        publish_pack(platform, folder / "pack", slug="pcb")
        with self.database.transaction() as session:
            self.people = {role: make_user(session, name=f"Some {role}") for role in ROLES[1:]}
            for role in (Role.JUDGE, Role.ORGANISER, Role.ADMIN):
                self.people[role.value].role = role
            session.flush()
            self.headers = {
                role: {
                    "Authorization": f"Bearer {self._token(session, user)}",
                }
                for role, user in self.people.items()
            }
            self.headers["visitor"] = {}
            self.token_id = session.scalars(
                select(ApiToken.id).where(ApiToken.user_id == self.people["member"].id)
            ).one()
            problem = session.scalars(select(Problem)).one()
            problem.stages[0].opens_at = CREATED
            self._fill(session, problem, platform)
            gone = self.people["gone"]
            staff_operations.disable_user(
                session, self.people["admin"], gone.id, "作弊", now=CREATED
            )
        self._stage(folder / "corrected")
        self._combine()
        self.save()

    def _combine(self) -> None:
        """An overall board, counted."""
        with self.database.transaction() as session:
            problem = session.scalars(select(Problem)).one()
            board = OverallBoard(
                contest=problem.contest,
                slug="all-rounders",
                title={"zh-Hans": "总榜", "en": "All-rounders"},
                method=Method.POINTS,
                basis=Basis.FINAL,
                created_at=CREATED,
                entries=[OverallProblem(problem=problem, position=0)],
            )
            session.add(board)
            session.flush()
            self.overall = board.id
        assert count(self.platform, self.overall)

    def _stage(self, folder: Path) -> None:
        pack = write_pack(folder, slug="pcb")
        prepared = prepare_pack(self.platform, pack, seed=None, progress=lambda _step: None)
        with self.database.transaction() as session:
            revision = stage(session, prepared, "pcb", now=CREATED)
            actor = self.people["organiser"].as_actor()
            self.rescore = stage_rescore(session, revision, "更正", actor, now=CREATED).id

    def _token(self, session: Session, user: User) -> str:
        return accounts.create_token(session, user, "test", now=CREATED)[1]

    def _fill(self, session: Session, problem: Problem, platform: Platform) -> None:
        team = make_team(session, problem=problem, captain=self.people["captain"])
        team.invite_code = "old-code"
        other = make_team(session, problem=problem)
        other.invite_code, other.name = "ABCDEFGHJK", "Others"
        self._ask(session, team, other)
        team.members.append(
            Membership(problem_id=problem.id, user=self.people["member"], joined_at=CREATED)
        )
        blob = platform.blobs.put(io.BytesIO(ANSWER))
        scored = make_submission(
            session,
            problem=problem,
            team=team,
            kind=Kind.CODE,
            blob=blob.digest,
            size=blob.size,
            scores={"A": {"accuracy": 0.125}, "B": {"accuracy": B_SCORE}},
        )
        evaluation = session.scalars(
            select(Evaluation).where(Evaluation.submission_id == scored.id)
        ).one()
        evaluation.cases = {"A": [{"id": "a-case"}], "B": [{"id": B_CASE}]}
        evaluation.wall_s = 1.0
        text = "training\n"
        session.add(
            LogChunk(evaluation_id=evaluation.id, attempt=0, start=0, size=len(text), text=text)
        )
        waiting = make_submission(session, problem=problem, team=team, state=State.QUEUED)
        baseline = make_submission(
            session,
            problem=problem,
            baseline=True,
            kind=Kind.CODE,
            scores={"A": {"accuracy": 0.1}, "B": {"accuracy": B_SCORE}},
        )
        publication = Publication(
            pack_blob=blob.digest,
            filename="pack.zip",
            state=PublicationState.REFUSED,
            steps=[],
            created_by_id=self.people["organiser"].id,
            created_at=CREATED,
            finished_at=CREATED,
        )
        session.add(publication)
        session.flush()
        self.scored, self.waiting, self.baseline = scored.id, waiting.id, baseline.id
        self.publication, self.team = publication.id, team.id
        ends = {"first_id": scored.id, "second_id": waiting.id, "problem_id": problem.id}
        session.add(SimilarPair(**ends, kind=Likeness.CODE, share=0.5))
        self._discuss(session, problem)
        organiser = self.people["organiser"]
        wish = Wish(BulkKind.RETRACT, Choice(), "重复参赛")
        self.bulk = plan(session, problem, wish, organiser, now=CREATED).id
        notice = Notice("公告", "开赛")
        self.announced = post_announcement(
            session, problem.contest, self.people["organiser"], notice, now=CREATED
        ).id

    def _ask(self, session: Session, team: Team, other: Team) -> None:
        """The captain invites the stranger; another team asks to become part of the captain's."""
        session.flush()
        invitation = Invitation(
            team_id=team.id,
            user_id=self.people["stranger"].id,
            invited_by_id=team.captain_id,
            created_at=CREATED,
        )
        merge = MergeRequest(
            from_team_id=other.id,
            into_team_id=team.id,
            asked_by_id=other.captain_id,
            created_at=CREATED,
        )
        session.add_all([invitation, merge])
        session.flush()
        self.invitation, self.merge = invitation.id, merge.id

    def _discuss(self, session: Session, problem: Problem) -> None:
        """The captain asks, the stranger answers, the member follows and is told."""
        asks, answers = self.people["captain"], self.people["stranger"]
        thread = discussions.open_thread(
            session, problem, asks, title="问题", body="请问", now=CREATED
        )
        discussions.follow(session, thread, self.people["member"])
        post = discussions.reply(session, problem, thread, answers, body="答案", now=CREATED)
        self.thread, self.post = thread.id, post.id
        self.told = session.scalars(
            select(Notification.id).where(Notification.user_id == self.people["member"].id)
        ).one()

    def save(self) -> None:
        with self.database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        self.database.engine.dispose()
        shutil.copyfile(self._file, self._saved)

    def restore(self) -> None:
        """Undo everything since the beginning."""
        self.database.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._saved, self._file)

    def client(self, role: str) -> FlaskClient:
        client = self.app.test_client()
        user = self.people.get(role)
        if user is not None:
            with client.session_transaction() as cookie:
                cookie["_user_id"] = f"{user.id}:0"
        return client

    def path(self, rule: str, given: dict[str, str]) -> str:
        """Fill the holes of a rule, with `given` where it says something."""
        user = self.people["stranger" if rule.startswith("/staff/") else "member"]
        values: dict[str, str | int] = {
            "slug": "pcb",
            "board": "B",
            "version": "x",
            "path": "train.csv",
            "name": "css/site.css",
            "secret": "wrong",
            "submission_id": self.scored,
            "publication_id": self.publication,
            "bulk_id": self.bulk,
            "rescore_id": self.rescore,
            "first_id": self.scored,
            "second_id": self.waiting,
            "token_id": self.token_id,
            "user_id": user.id,
            "team_id": self.team,
            "number": self.thread,
            "post_id": self.post,
            "other_id": self.team,
            "overall_id": self.overall,
            "key": "unknown",
        }
        values |= given
        if values["number"] == "announced":
            values["number"] = self.announced
        if values["number"] == "told":
            values["number"] = self.told
        for name in ("invitation", "merge"):
            if values["number"] == name:
                values["number"] = getattr(self, name)
        if values["secret"] == "stop":
            values["secret"] = seal_stop(self.platform.seal, Stop(user.id, None))
        if values["submission_id"] == "waiting":
            values["submission_id"] = self.waiting
        endpoint = next(one.endpoint for one in self.app.url_map.iter_rules() if one.rule == rule)
        return self.app.url_map.bind("localhost").build(
            endpoint, {name: values[name] for name in _holes(self.app, rule)}
        )

    def knock(self, role: str, method: str, path: str, data: dict[str, Any]) -> TestResponse:
        """Send one request as a role: with a cookie, to the API with a token instead."""
        is_api = path.startswith("/api/v1/") and path != "/api/v1/docs"
        client = self.app.test_client() if is_api else self.client(role)
        headers = self.headers[role] if is_api else {}
        return client.open(path, method=method, data=data or None, headers=headers)


def _holes(app: Flask, rule: str) -> set[str]:
    return next(set(one.arguments) for one in app.url_map.iter_rules() if one.rule == rule)
