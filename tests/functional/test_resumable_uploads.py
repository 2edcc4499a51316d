"""A file comes in pieces, breaks off, goes on, and is handed in once."""

import hashlib
import io
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import BinaryIO, cast

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.blobs import LocalBlobs
from app.core.db import Database
from app.core.platform import Platform
from app.problems.models import Problem
from app.scheduler import clean_up
from app.settings import Settings
from app.submissions.models import Submission
from app.teams.models import Membership
from app.uploads import protocol
from app.uploads.errors import OffsetMismatchError
from app.uploads.models import Upload, UploadPart
from app.uploads.operations import append_part
from tests.factories import make_problem, make_team, make_user
from tests.factories.accounts import CREATED
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
GOOD = b"id,label\na,ok\nb,open\n"
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"


@dataclass
class Sender:
    """Somebody's program that speaks tus."""

    client: FlaskClient
    headers: dict[str, str]

    def begins(self, size: int, kind: str = "predictions", **changes: str) -> TestResponse:
        told = {"kind": kind, "filename": "预测.csv"}
        metadata = ",".join(f"{name} {base64(text.encode())}" for name, text in told.items())
        headers = {"Upload-Length": str(size), "Upload-Metadata": metadata, **changes}
        return self._asks("POST", "/api/v1/problems/pcb/uploads", headers)

    def sends(self, at: str, offset: int | str, content: bytes, **changes: str) -> TestResponse:
        headers = {"Upload-Offset": str(offset), "Content-Type": OCTETS, **changes}
        return self._asks("PATCH", at, headers, data=content)

    def looks(self, at: str) -> TestResponse:
        return self._asks("HEAD", at, {})

    def offset(self, at: str) -> int:
        return int(self.looks(at).headers["Upload-Offset"])

    def cancels(self, at: str) -> TestResponse:
        return self._asks("DELETE", at, {})

    def hands_in(self, at: str) -> TestResponse:
        return self.client.post(f"{at}/submission", data={"note": "第一次"}, headers=self.headers)

    def _asks(
        self, method: str, at: str, headers: dict[str, str], data: bytes = b""
    ) -> TestResponse:
        told = {**self.headers, **TUS, **headers}
        answer = self.client.open(at, method=method, headers=told, data=data)
        answer.request.environ["wsgi.input"].close()
        return answer


def base64(content: bytes) -> str:
    return b64encode(content).decode()


Arrive = Callable[..., Sender]


@pytest.fixture
def arrive(client: FlaskClient, database: Database, clock: FrozenClock) -> Arrive:
    with database.transaction() as session:
        make_problem(session, slug="pcb")

    def make(role: Role = Role.PARTICIPANT, user: User | None = None) -> Sender:
        with database.transaction() as session:
            somebody = user or make_user(session, role=role)
            _row, token = accounts.create_token(session, somebody, "test", now=clock.now())
        return Sender(client, {"Authorization": f"Bearer {token}", "Accept-Language": "en"})

    return make


@pytest.fixture
def sender(arrive: Arrive) -> Sender:
    return arrive()


def count(database: Database, model: type) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def test_a_file_in_pieces_becomes_one_submission(
    sender: Sender, database: Database, blobs: LocalBlobs
) -> None:
    begun = sender.begins(len(GOOD))
    at = begun.headers["Location"]
    assert (begun.status_code, begun.headers["Tus-Resumable"]) == (201, "1.0.0")
    assert begun.headers["Upload-Expires"] == "Wed, 02 Jan 2030 04:00:00 GMT"
    assert sender.hands_in(at).get_json()["code"] == "upload_unfinished"
    for start, end in pairwise((0, 3, 4, len(GOOD))):
        assert sender.offset(at) == start
        answer = sender.sends(at, start, GOOD[start:end])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(end))
    handed = sender.hands_in(at)
    assert handed.status_code == 202
    told = handed.get_json()
    assert (told["filename"], told["size"], told["note"]) == ("预测.csv", len(GOOD), "第一次")
    assert told["sha256"] == hashlib.sha256(GOOD).hexdigest()
    assert sender.hands_in(at).get_json()["id"] == told["id"]  # the answer was lost, say
    assert (count(database, Submission), count(database, UploadPart)) == (1, 0)
    assert b"".join(blobs.read(told["sha256"])) == GOOD


def test_a_long_piece_is_kept_in_blobs_of_bounded_size(
    sender: Sender, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "PIECE", 8)
    at = sender.begins(len(GOOD)).headers["Location"]
    assert sender.sends(at, 0, GOOD).headers["Upload-Offset"] == str(len(GOOD))
    assert count(database, UploadPart) == 3
    assert sender.hands_in(at).status_code == 202


def test_what_came_before_the_connection_broke_is_there(sender: Sender) -> None:
    class Broken:
        """Ten bytes, then nobody is there."""

        left = GOOD[:10]
        place = 0

        def read(self, _size: int = -1, /) -> bytes:
            if not self.left:
                raise ConnectionResetError
            piece, self.left = self.left, b""
            return piece

        def close(self) -> None:
            pass

        def tell(self) -> int:
            return self.place

        def seek(self, _place: int, whence: int = 0) -> int:
            self.place = len(GOOD) if whence == io.SEEK_END else 0
            return self.place

    at = sender.begins(len(GOOD)).headers["Location"]
    headers = {**sender.headers, **TUS, "Upload-Offset": "0", "Content-Length": str(len(GOOD))}
    sender.client.open(
        at,
        method="PATCH",
        headers=headers,
        content_type=OCTETS,
        input_stream=cast("BinaryIO", Broken()),
    )
    assert sender.offset(at) == 10
    assert sender.sends(at, 10, GOOD[10:]).status_code == 204
    assert sender.hands_in(at).status_code == 202


@pytest.mark.parametrize("name", ["sha256", "sha1"])
def test_a_piece_is_held_to_its_checksum(sender: Sender, name: str) -> None:
    at = sender.begins(len(GOOD)).headers["Location"]
    wrong = f"{name} {base64(hashlib.new(name, b'other').digest())}"
    right = f"{name} {base64(hashlib.new(name, GOOD).digest())}"
    assert sender.sends(at, 0, GOOD, **{"Upload-Checksum": wrong}).status_code == 460
    assert sender.offset(at) == 0
    assert sender.sends(at, 0, GOOD, **{"Upload-Checksum": right}).status_code == 204


@pytest.mark.parametrize(
    ("offset", "content", "changes", "status"),
    [
        (5, GOOD, {}, 409),
        (0, GOOD, {}, 204),
        (0, GOOD + b"x", {}, 413),
        ("-1", GOOD, {}, 400),
        ("1e3", GOOD, {}, 400),
        ("٣", GOOD, {}, 400),
        ("9" * 400, GOOD, {}, 400),
        ("", GOOD, {}, 400),
        (0, GOOD, {"Content-Type": "text/csv"}, 415),
        (0, GOOD, {"Tus-Resumable": "0.2.2"}, 412),
        (0, GOOD, {"Upload-Checksum": "md5 AAAA"}, 400),
        (0, GOOD, {"Upload-Checksum": "sha256 ???"}, 400),
    ],
)
def test_a_piece_that_does_not_fit_is_refused(
    sender: Sender, offset: int | str, content: bytes, changes: dict[str, str], status: int
) -> None:
    at = sender.begins(len(GOOD)).headers["Location"]
    headers = {name.encode("utf-8").decode("latin-1"): text for name, text in changes.items()}
    text = str(offset).encode("utf-8").decode("latin-1")
    assert sender.sends(at, text, content, **headers).status_code == status
    assert sender.offset(at) == (len(GOOD) if status == 204 else 0)


@pytest.mark.parametrize(
    ("size", "changes", "status"),
    [
        (1 << 40, {}, 413),
        (1, {"Upload-Length": "-1"}, 400),
        (1, {"Upload-Length": "many"}, 400),
        (1, {"Upload-Metadata": "kind !!!"}, 400),
        (1, {"Upload-Metadata": f"kind {base64(b'report')}"}, 400),
        (1, {"Upload-Metadata": ""}, 400),
        (1, {"Upload-Metadata": f"kind {base64(b'code')},filename {base64(b'a' + bytes(1))}"}, 400),
        (1, {"Upload-Metadata": "x " * 3000}, 400),
        (1, {"Tus-Resumable": "2.0.0"}, 412),
    ],
)
def test_a_beginning_that_makes_no_sense_is_refused(
    sender: Sender, database: Database, size: int, changes: dict[str, str], status: int
) -> None:
    answer = sender.begins(size, **changes)
    assert answer.status_code == status
    if status == 412:
        assert answer.headers["Tus-Version"] == "1.0.0"
    assert count(database, Upload) == 0


def test_of_two_pieces_at_one_place_the_first_counts(
    sender: Sender, database: Database, platform: Platform
) -> None:
    at = sender.begins(len(GOOD)).headers["Location"]
    blob = platform.blobs.put(io.BytesIO(GOOD[:5]))

    def append(session: Session) -> int:
        upload_id = session.scalars(select(Upload.id)).one()
        return append_part(session, upload_id, 0, blob, platform.clock.now())

    with database.transaction() as session:
        assert append(session) == 5
    with pytest.raises(OffsetMismatchError), database.transaction() as session:
        append(session)
    assert sender.offset(at) == 5


def test_an_upload_is_its_senders_alone(sender: Sender, arrive: Arrive) -> None:
    at = sender.begins(len(GOOD)).headers["Location"]
    for other in (arrive(), arrive(Role.ADMIN)):
        assert other.looks(at).status_code == 404
        assert other.sends(at, 0, GOOD).status_code == 404
        assert other.cancels(at).status_code == 404
        assert other.hands_in(at).status_code == 404
    assert sender.offset(at) == 0


def test_staff_begin_none(arrive: Arrive) -> None:
    assert arrive(Role.JUDGE).begins(1).status_code == 403


def test_what_a_team_has_not_finished_is_bounded(
    arrive: Arrive, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(settings), "unfinished_upload_bytes", 1)
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        members = [make_user(session), make_user(session)]
        team = make_team(session, problem=problem, captain=members[0])
        mate = Membership(problem_id=problem.id, user=members[1], joined_at=CREATED)
        team.members.append(mate)
    first, second = (arrive(user=member) for member in members)
    most = 1 << 20  # the largest answer of this problem: one always fits
    at = first.begins(most).headers["Location"]
    refused = second.begins(1)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "too_many_unfinished")
    assert arrive().begins(most).status_code == 201  # another team's
    assert first.cancels(at).status_code == 204
    assert first.looks(at).status_code == 404
    assert second.begins(1).status_code == 201


def test_a_refused_file_is_told_and_thrown_away(sender: Sender, database: Database) -> None:
    content = b"id,label\na,ok\nb,shrt\n"
    at = sender.begins(len(content)).headers["Location"]
    sender.sends(at, 0, content)
    refused = sender.hands_in(at)
    assert (refused.status_code, refused.get_json()["errors"][0]["line"]) == (422, 3)
    assert (count(database, Upload), count(database, Submission)) == (0, 0)


def test_what_nobody_finishes_is_swept(
    sender: Sender,
    database: Database,
    platform: Platform,
    clock: FrozenClock,
    blobs: LocalBlobs,
) -> None:
    at = sender.begins(len(GOOD)).headers["Location"]
    clock.tick(timedelta(hours=23))
    sender.sends(at, 0, GOOD[:5])
    clock.tick(timedelta(hours=23))
    clean_up(platform)
    assert sender.offset(at) == 5  # the piece moved its end on
    clock.tick(timedelta(hours=2))
    assert sender.looks(at).status_code == 404
    clean_up(platform)
    assert (count(database, Upload), count(database, UploadPart)) == (0, 0)


def test_the_server_says_what_it_can(client: FlaskClient) -> None:
    told = client.options("/api/v1/problems/pcb/uploads")
    assert told.status_code == 204
    assert told.headers["Tus-Version"] == "1.0.0"
    assert told.headers["Tus-Extension"] == "creation,checksum,expiration,termination"
