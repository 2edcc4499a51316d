"""Who gets what from every route: one table, and no route without a row."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import Role, User
from app.core.platform import Platform
from app.problems.models import Problem
from app.settings import Settings
from tests.fakes.ports import FrozenClock
from tests.functional.world import ANSWER, ROLES, SECRETS, World

pytestmark = pytest.mark.functional

# in: sent to the sign-in page; go: sent elsewhere on this site; a number: that status
ANYONE = "200 200 200 200 200 200 200 200"
SIGNED_IN = "in 200 200 200 200 200 200 in"
DOES = "in go go go go go go in"
STAFF = "in 403 403 403 200 200 200 in"
ORGANISER = "in 403 403 403 403 200 200 in"
ORGANISER_DOES = "in 403 403 403 403 go go in"
TEAM_READS = "in 404 200 200 200 200 200 in"
CAPTAIN_DOES = "in 404 403 go 404 404 404 in"
NOBODY = "404 404 404 404 404 404 404 404"
API = "401 200 200 200 200 200 200 401"
API_TEAM = "401 404 200 200 200 200 200 401"
STAFF_JSON = "401 403 403 403 200 200 200 401"
ORGANISER_JSON = "401 403 403 403 403 200 200 401"
PASSWORD = "correct horse battery"


def submission() -> dict[str, Any]:
    return {"kind": "predictions", "board": "A", "file": (io.BytesIO(ANSWER), "predictions.csv")}


def code_archive() -> dict[str, Any]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "print(1)\n")
    packed.seek(0)
    return {"file": (packed, "code.zip")}


@dataclass(frozen=True)
class Door:
    """How a route is knocked at, and what each role gets, in the order of `ROLES`."""

    outcomes: str
    data: Callable[[], dict[str, Any]] = dict
    values: dict[str, str] = field(default_factory=dict)


DOORS: Final[dict[tuple[str, str], Door]] = {
    ("GET", "/"): Door(ANYONE),
    ("GET", "/healthz"): Door(ANYONE),
    ("GET", "/readyz"): Door("503 503 503 503 503 503 503 503"),
    ("GET", "/metrics"): Door(ANYONE),
    ("GET", "/static/<version>/<path:name>"): Door(ANYONE, values={"path": "css/site.css"}),
    ("GET", "/announcements"): Door(ANYONE),
    ("GET", "/announcements/<int:number>"): Door(ANYONE, values={"number": "announced"}),
    ("GET", "/card.png"): Door(ANYONE),
    ("GET", "/problems/<slug>/card.png"): Door(ANYONE),
    ("GET", "/styleguide"): Door(ANYONE),  # in development alone
    # accounts
    ("GET", "/sign-in"): Door("200 go go go go go go 200"),
    ("POST", "/sign-in"): Door(
        "400 go go go go go go 400", lambda: {"email": "a@example.org", "password": "wrong"}
    ),
    ("GET", "/sign-up"): Door("200 go go go go go go 200"),
    ("POST", "/sign-up"): Door(
        "go go go go go go go go",
        lambda: {"email": "new@example.org", "name": "新人", "password": PASSWORD},
    ),
    ("POST", "/sign-out"): Door(DOES),
    ("GET", "/account"): Door(SIGNED_IN),
    ("POST", "/account/name"): Door(DOES, lambda: {"name": "新的姓名"}),
    ("POST", "/account/language"): Door(DOES, lambda: {"locale": "en"}),
    ("POST", "/account/password"): Door(
        "in 400 400 400 400 400 400 in", lambda: {"present": "wrong", "password": PASSWORD}
    ),
    ("GET", "/account/tokens"): Door(SIGNED_IN),
    ("POST", "/account/tokens"): Door(SIGNED_IN, lambda: {"label": "curl"}),
    # the member's own token
    ("POST", "/account/tokens/<int:token_id>/revoke"): Door("in 404 go 404 404 404 404 in"),
    ("GET", "/password/reset/<secret>"): Door(NOBODY),
    ("POST", "/password/reset/<secret>"): Door(NOBODY, lambda: {"password": PASSWORD}),
    # problems
    ("GET", "/problems"): Door(ANYONE),
    ("GET", "/problems/<slug>"): Door(ANYONE),
    ("GET", "/problems/<slug>/announcements"): Door(ANYONE),
    ("GET", "/problems/<slug>/data"): Door(ANYONE),
    ("GET", "/problems/<slug>/cover.svg"): Door(ANYONE),
    ("GET", "/problems/<slug>/leaderboard"): Door(ANYONE),
    # without two teams to compare
    ("GET", "/problems/<slug>/leaderboard/compare"): Door(NOBODY),
    ("GET", "/problems/<slug>/rules"): Door(SIGNED_IN),
    ("POST", "/problems/<slug>/rules"): Door(DOES),
    # teams accept the rules first; staff are not asked
    ("GET", "/problems/<slug>/files/<path:path>"): Door("in go go go 200 200 200 in"),
    # discussions: judges read, who asked and organisers mark, organisers moderate
    ("GET", "/problems/<slug>/discussion"): Door(ANYONE),
    ("GET", "/problems/<slug>/discussion/<int:number>"): Door(ANYONE),
    ("POST", "/problems/<slug>/discussion/<int:number>"): Door(
        "in go go go 403 go go in", lambda: {"body": "谢谢"}
    ),
    ("GET", "/problems/<slug>/discussion/new"): Door("in 200 200 200 403 200 200 in"),
    ("POST", "/problems/<slug>/discussion/new"): Door(
        "in go go go 403 go go in", lambda: {"title": "问题", "body": "请问"}
    ),
    ("POST", "/problems/<slug>/discussion/<int:number>/following"): Door(DOES),
    ("POST", "/problems/<slug>/discussion/<int:number>/pin"): Door(ORGANISER_DOES),
    ("POST", "/problems/<slug>/discussion/<int:number>/posts/<int:post_id>/answer"): Door(
        "in 403 403 go 403 go go in"
    ),
    ("POST", "/problems/<slug>/discussion/<int:number>/posts/<int:post_id>/hide"): Door(
        ORGANISER_DOES, lambda: {"reason": "泄露答案"}
    ),
    # notifications: the member's own
    ("GET", "/notifications"): Door(SIGNED_IN),
    ("GET", "/notifications/<int:number>"): Door(
        "in 404 go 404 404 404 404 in", values={"number": "told"}
    ),
    ("POST", "/notifications/read"): Door(DOES),
    ("POST", "/notifications/topics"): Door(DOES, lambda: {"reply": "site"}),
    # the member's link stops their mails, whoever opens it
    ("GET", "/mails/stop/<secret>"): Door(ANYONE, values={"secret": "stop"}),
    ("POST", "/mails/stop/<secret>"): Door(ANYONE, values={"secret": "stop"}),
    # images
    ("GET", "/images/<name>"): Door(ANYONE, values={"name": "python-cpu"}),
    ("GET", "/api/v1/images/<name>"): Door(API, values={"name": "python-cpu"}),
    # teams
    ("GET", "/problems/<slug>/team"): Door("in 200 200 200 403 403 403 in"),
    ("POST", "/problems/<slug>/team"): Door(
        "in go 409 409 403 403 403 in", lambda: {"name": "新的队伍"}
    ),
    ("POST", "/problems/<slug>/team/join"): Door(
        "in go 409 409 403 403 403 in", lambda: {"code": "ABCDEFGHJK"}
    ),
    ("POST", "/problems/<slug>/team/leave"): Door("in 404 go 409 404 404 404 in"),
    ("POST", "/problems/<slug>/team/name"): Door(CAPTAIN_DOES, lambda: {"name": "新的名字"}),
    ("POST", "/problems/<slug>/team/code"): Door(CAPTAIN_DOES),
    ("POST", "/problems/<slug>/team/affiliation"): Door(
        CAPTAIN_DOES, lambda: {"affiliation": "东莞理工学院"}
    ),
    ("POST", "/problems/<slug>/team/public-name"): Door(
        "in 404 go go 404 404 404 in", lambda: {"public": "yes"}
    ),
    ("POST", "/problems/<slug>/team/invitations"): Door(
        CAPTAIN_DOES, lambda: {"email": "somebody@example.org"}
    ),
    # the stranger is invited by the captain's team
    ("POST", "/problems/<slug>/team/invitations/<int:number>/accept"): Door(
        "in go 404 404 404 404 404 in", values={"number": "invitation"}
    ),
    ("POST", "/problems/<slug>/team/invitations/<int:number>/dismiss"): Door(
        "in go 404 go 404 404 404 in", values={"number": "invitation"}
    ),
    # another team asks to become part of the captain's
    ("GET", "/problems/<slug>/team/merge"): Door("in 404 200 200 403 403 403 in"),
    ("POST", "/problems/<slug>/team/merge"): Door(
        "in 404 400 go 403 403 403 in", lambda: {"partner": "Others"}
    ),
    ("POST", "/problems/<slug>/team/merge/<int:number>/accept"): Door(
        "in 403 403 go 403 403 403 in", values={"number": "merge"}
    ),
    ("POST", "/problems/<slug>/team/merge/<int:number>/dismiss"): Door(
        "in 404 403 go 404 404 404 in", values={"number": "merge"}
    ),
    ("GET", "/problems/<slug>/team/activity"): Door("in 404 200 200 403 403 403 in"),
    ("GET", "/problems/<slug>/teams/<int:team_id>"): Door(ANYONE),
    ("POST", "/problems/<slug>/team/members/<int:user_id>/remove"): Door(CAPTAIN_DOES),
    ("POST", "/problems/<slug>/team/members/<int:user_id>/captain"): Door(CAPTAIN_DOES),
    # submissions
    ("GET", "/problems/<slug>/submit"): Door(SIGNED_IN),
    ("POST", "/problems/<slug>/submit"): Door("in go go go 403 403 403 in", submission),
    ("GET", "/problems/<slug>/debug"): Door(SIGNED_IN),
    ("POST", "/problems/<slug>/debug"): Door("in go go go 403 403 403 in", code_archive),
    ("GET", "/submissions"): Door(SIGNED_IN),
    ("GET", "/submissions/compare"): Door(DOES),  # none are named: back to the list
    ("POST", "/submissions/<int:submission_id>/note"): Door(
        "in 404 go go 403 403 403 in", lambda: {"note": "第二次"}
    ),
    ("GET", "/submissions/<int:submission_id>"): Door(TEAM_READS),
    ("GET", "/submissions/<int:submission_id>/log"): Door(TEAM_READS),
    ("GET", "/submissions/<int:submission_id>/download"): Door(TEAM_READS),
    ("GET", "/submissions/<int:submission_id>/status.json"): Door(API_TEAM),
    ("POST", "/submissions/<int:submission_id>/cancel"): Door(
        "in 404 go go 403 go go in", values={"submission_id": "waiting"}
    ),
    # nothing is chosen in this problem: a message on the page, 409 for a program
    ("POST", "/submissions/<int:submission_id>/choose"): Door("in 404 go go 403 403 403 in"),
    ("POST", "/submissions/<int:submission_id>/take-back"): Door("in 404 go go 403 403 403 in"),
    # staff
    ("GET", "/staff"): Door(STAFF),
    ("GET", "/staff/version.json"): Door(STAFF_JSON),
    ("GET", "/staff/statistics"): Door(STAFF),
    ("GET", "/staff/statistics/<slug>"): Door(STAFF),
    ("GET", "/staff/statistics/tables/<name>.<kind>"): Door(
        STAFF, values={"name": "daily", "kind": "csv"}
    ),
    ("GET", "/staff/exports"): Door(ORGANISER),
    ("POST", "/staff/exports"): Door(ORGANISER, lambda: {"table": "people", "format": "csv"}),
    ("GET", "/staff/problems/<slug>/teams"): Door(STAFF),
    ("POST", "/staff/problems/<slug>/teams/<int:team_id>/class"): Door(
        ORGANISER_DOES, lambda: {"pinned": "y"}
    ),
    ("POST", "/staff/problems/<slug>/teams/<int:team_id>/disqualify"): Door(
        ORGANISER_DOES, lambda: {"reason": "抄袭"}
    ),
    ("POST", "/staff/problems/<slug>/teams/<int:team_id>/reinstate"): Door(
        ORGANISER_DOES, lambda: {"reason": "误判"}
    ),
    ("GET", "/staff/audit"): Door(ORGANISER),
    ("POST", "/staff/audit/verify"): Door(ORGANISER),
    ("POST", "/staff/audit/export"): Door(ORGANISER, lambda: {"format": "csv"}),
    ("GET", "/staff/compute"): Door(STAFF),
    ("GET", "/staff/announcements"): Door(ORGANISER),
    ("POST", "/staff/announcements"): Door(
        ORGANISER_DOES, lambda: {"title": "公告", "body": "正文", "contest": "baijing"}
    ),
    ("GET", "/staff/announcements/<int:number>/correct"): Door(
        ORGANISER, values={"number": "announced"}
    ),
    ("POST", "/staff/announcements/<int:number>/correct"): Door(
        ORGANISER_DOES,
        lambda: {"title": "更正", "body": "正文"},
        values={"number": "announced"},
    ),
    ("GET", "/contests/<slug>"): Door(ANYONE, values={"slug": "baijing"}),
    ("GET", "/staff/contests"): Door(STAFF),
    ("GET", "/staff/contests/new"): Door(ORGANISER),
    ("POST", "/staff/contests/new"): Door(
        ORGANISER_DOES, lambda: {"slug": "autumn", "title_zh": "秋季赛", "title_en": "Autumn"}
    ),
    ("GET", "/staff/contests/<slug>"): Door(STAFF, values={"slug": "baijing"}),
    ("GET", "/staff/contests/<slug>/edit"): Door(ORGANISER, values={"slug": "baijing"}),
    # without the fingerprint of what was shown, somebody else has changed it
    ("POST", "/staff/contests/<slug>/edit"): Door(
        "in 403 403 403 403 409 409 in",
        lambda: {"slug": "baijing", "title_zh": "秋季赛", "title_en": "Autumn"},
        {"slug": "baijing"},
    ),
    ("GET", "/staff/contests/<slug>/<any(archive, stages):what>"): Door(
        ORGANISER, values={"slug": "baijing", "what": "archive"}
    ),
    ("POST", "/staff/contests/<slug>/archive"): Door(ORGANISER_DOES, values={"slug": "baijing"}),
    ("POST", "/staff/contests/<slug>/reopen"): Door(ORGANISER_DOES, values={"slug": "baijing"}),
    ("POST", "/staff/contests/<slug>/stages"): Door(ORGANISER_DOES, values={"slug": "baijing"}),
    ("GET", "/staff/schedule"): Door(STAFF),
    ("GET", "/staff/problems/<slug>/preview"): Door(STAFF),
    ("GET", "/staff/problems/<slug>/clone"): Door(ORGANISER),
    ("POST", "/staff/problems/<slug>/clone"): Door(
        ORGANISER_DOES, lambda: {"slug": "pcb-again", "contest": "baijing"}
    ),
    ("GET", "/staff/problems/<slug>/<any(publish, unpublish, archive, reopen):what>"): Door(
        ORGANISER, values={"what": "archive"}
    ),
    ("POST", "/staff/problems/<slug>/<any(publish, unpublish, archive, reopen):what>"): Door(
        ORGANISER_DOES, values={"what": "archive"}
    ),
    ("GET", "/staff/problems/<slug>/statement"): Door(ORGANISER),
    # an empty statement is shown, and what is wrong with it
    ("POST", "/staff/problems/<slug>/statement"): Door(ORGANISER),
    ("POST", "/staff/problems/<slug>/statement/preview"): Door(ORGANISER),
    ("GET", "/staff/problems"): Door(STAFF),
    ("GET", "/staff/problems/<slug>"): Door(STAFF),
    ("POST", "/staff/problems/<slug>"): Door(ORGANISER_DOES, lambda: {"team_size": "3"}),
    ("POST", "/staff/problems/<slug>/announcements"): Door(
        ORGANISER_DOES, lambda: {"title": "公告", "body": "正文"}
    ),
    ("GET", "/staff/problems/<slug>/reveal-b"): Door(ORGANISER),
    ("POST", "/staff/problems/<slug>/reveal-b"): Door(ORGANISER_DOES),
    ("GET", "/staff/problems/<slug>/reveal-seed"): Door(ORGANISER),
    # the data of this problem were shipped: the page says that there is no seed
    ("POST", "/staff/problems/<slug>/reveal-seed"): Door(ORGANISER_DOES),
    ("POST", "/staff/problems/<slug>/stages/<any(A, B):board>/open"): Door(
        ORGANISER_DOES, values={"board": "B"}
    ),
    ("POST", "/staff/problems/<slug>/stages/<any(A, B):board>/close"): Door(
        ORGANISER_DOES, values={"board": "A"}
    ),
    ("GET", "/staff/publications"): Door(STAFF),
    ("POST", "/staff/publications"): Door(
        "in 403 403 403 403 422 422 in", lambda: {"pack": (io.BytesIO(b"no zip"), "pack.zip")}
    ),
    ("GET", "/staff/publications/<int:publication_id>"): Door(STAFF),
    ("GET", "/staff/publications/<int:publication_id>/status.json"): Door(STAFF_JSON),
    ("GET", "/staff/bundles"): Door(STAFF),
    ("POST", "/staff/bundles"): Door(
        "in 403 403 403 403 422 422 in",
        lambda: {
            "bundle": (io.BytesIO(b"no zip"), "seams.zip"),
            "area": "design",
            "licence": "MIT",
        },
    ),
    ("GET", "/staff/problems/<slug>/rescores"): Door(STAFF),
    # one is under way already
    ("POST", "/staff/problems/<slug>/rescores"): Door(
        "in 403 403 403 403 409 409 in",
        lambda: {"pack": (io.BytesIO(b"no zip"), "pack.zip"), "reason": "更正"},
    ),
    ("GET", "/staff/rescores/<int:rescore_id>"): Door(STAFF),
    ("GET", "/staff/rescores/<int:rescore_id>/status.json"): Door(STAFF_JSON),
    ("POST", "/staff/rescores/<int:rescore_id>/publish"): Door(
        ORGANISER_DOES, lambda: {"title": "重新评分", "body": "更正"}
    ),
    ("POST", "/staff/rescores/<int:rescore_id>/retry"): Door(ORGANISER_DOES),
    ("POST", "/staff/rescores/<int:rescore_id>/discard"): Door(ORGANISER_DOES),
    ("GET", "/staff/submissions"): Door(STAFF),
    ("GET", "/staff/submissions/bulk"): Door(ORGANISER),
    ("POST", "/staff/submissions/bulk"): Door(
        ORGANISER_DOES, lambda: {"problem": "pcb", "act": "retract", "reason": "重复参赛"}
    ),
    ("GET", "/staff/submissions/bulk/<int:bulk_id>"): Door(ORGANISER),
    ("GET", "/staff/submissions/bulk/<int:bulk_id>/status.json"): Door(ORGANISER_JSON),
    ("POST", "/staff/submissions/bulk/<int:bulk_id>/confirm"): Door(ORGANISER_DOES),
    ("POST", "/staff/submissions/bulk/<int:bulk_id>/weigh"): Door(ORGANISER_DOES),
    ("POST", "/staff/submissions/bulk/<int:bulk_id>/stop"): Door(ORGANISER_DOES),
    ("POST", "/staff/submissions/bulk/<int:bulk_id>/discard"): Door(ORGANISER_DOES),
    ("POST", "/staff/submissions/<int:submission_id>/rerun"): Door(ORGANISER_DOES),
    ("POST", "/staff/submissions/<int:submission_id>/retract"): Door(
        ORGANISER_DOES, lambda: {"reason": "重复参赛"}
    ),
    # the judges' desk: staff read and write notes, only a judge signs, an organiser lifts
    ("GET", "/staff/review/<slug>/similar"): Door(STAFF),
    ("GET", "/staff/review/pairs/<int:first_id>/<int:second_id>"): Door(STAFF),
    ("GET", "/staff/review"): Door(STAFF),
    ("GET", "/staff/review/<slug>"): Door(STAFF),
    ("GET", "/staff/review/submissions/<int:submission_id>"): Door(STAFF),
    ("GET", "/staff/review/submissions/<int:submission_id>/code/<path:path>"): Door(
        "in 403 403 403 404 404 404 in"
    ),
    ("POST", "/staff/review/submissions/<int:submission_id>/notes"): Door(
        "in 403 403 403 go go go in", lambda: {"kind": "flag", "body": "疑点"}
    ),
    ("POST", "/staff/review/submissions/<int:submission_id>/recommendation"): Door(
        "in 403 403 403 go go go in", lambda: {"recommendation": "confirm"}
    ),
    # the stage is still open: a judge is told so, the others may not sign at all
    ("POST", "/staff/review/<slug>/sign-off/<board>"): Door(
        "in 403 403 403 409 403 403 in", lambda: {"ranking": "0" * 64}
    ),
    ("POST", "/staff/review/<slug>/lift/<board>"): Door(
        "in 403 403 403 403 409 409 in", lambda: {"reason": "申诉"}
    ),
    ("GET", "/submissions/<int:submission_id>/questions"): Door(TEAM_READS),
    ("POST", "/submissions/<int:submission_id>/questions"): Door(
        "in 404 409 409 403 403 403 in", lambda: {"body": "回答"}
    ),
    ("GET", "/staff/users"): Door(ORGANISER),
    ("GET", "/staff/users/<int:user_id>"): Door(ORGANISER),
    ("POST", "/staff/users/<int:user_id>/role"): Door(ORGANISER_DOES, lambda: {"role": "judge"}),
    ("POST", "/staff/users/<int:user_id>/disable"): Door(
        ORGANISER_DOES, lambda: {"reason": "作弊"}
    ),
    ("GET", "/staff/teams"): Door(STAFF),
    ("GET", "/staff/teams/<int:team_id>"): Door(STAFF),
    ("POST", "/staff/teams/<int:team_id>/approve"): Door(ORGANISER_DOES),
    ("POST", "/staff/teams/<int:team_id>/take-back"): Door(
        ORGANISER_DOES, lambda: {"reason": "资格不符"}
    ),
    # to no team at all
    ("POST", "/staff/teams/<int:team_id>/members/<int:user_id>/move"): Door(
        "in 403 403 403 403 404 404 in", lambda: {"target": "0", "reason": "并队"}
    ),
    ("POST", "/staff/users/<int:user_id>/enable"): Door(ORGANISER_DOES),
    ("POST", "/staff/users/<int:user_id>/reset-link"): Door(ORGANISER),
    # overall boards: everybody reads, organisers set them up
    ("GET", "/overall"): Door(ANYONE),
    ("GET", "/overall/<slug>"): Door(ANYONE, values={"slug": "all-rounders"}),
    ("GET", "/overall/<slug>/board.csv"): Door(ANYONE, values={"slug": "all-rounders"}),
    ("GET", "/staff/overall"): Door(ORGANISER),
    ("GET", "/staff/overall/new"): Door(ORGANISER),
    # nothing is filled in
    ("POST", "/staff/overall/new"): Door("in 403 403 403 403 422 422 in", lambda: {"slug": "x"}),
    ("GET", "/staff/overall/<int:overall_id>"): Door(ORGANISER),
    ("POST", "/staff/overall/<int:overall_id>"): Door(
        "in 403 403 403 403 422 422 in", lambda: {"slug": "x", "title_en": ""}
    ),
    ("POST", "/staff/overall/<int:overall_id>/remove"): Door(ORGANISER_DOES),
    ("GET", "/api/v1/overall-boards"): Door(API),
    ("GET", "/api/v1/overall-boards/<slug>"): Door(API, values={"slug": "all-rounders"}),
    # the API
    ("GET", "/api/v1/docs"): Door(ANYONE),
    # a wrong token is told so even where none is needed
    ("GET", "/api/v1/openapi.json"): Door("200 200 200 200 200 200 200 401"),
    ("GET", "/api/v1/problems"): Door(API),
    ("GET", "/api/v1/problems/<slug>"): Door(API),
    ("GET", "/api/v1/problems/<slug>/trial"): Door(API),
    ("GET", "/api/v1/problems/<slug>/files/<path:path>"): Door(API),
    ("GET", "/api/v1/problems/<slug>/leaderboard"): Door(API),
    # nothing was worked out of the world's board
    ("GET", "/api/v1/problems/<slug>/leaderboard/<int:team_id>/against/<int:other_id>"): Door(
        "401 404 404 404 404 404 404 401"
    ),
    ("POST", "/api/v1/problems/<slug>/submissions"): Door(
        "401 202 202 202 403 403 403 401", submission
    ),
    # resumable uploads: nobody says which version of the protocol it is
    ("POST", "/api/v1/problems/<slug>/uploads"): Door("401 412 412 412 412 412 412 401"),
    ("PATCH", "/api/v1/uploads/<key>"): Door("401 412 412 412 412 412 412 401"),
    ("DELETE", "/api/v1/uploads/<key>"): Door("401 412 412 412 412 412 412 401"),
    ("POST", "/api/v1/uploads/<key>/submission"): Door("401 404 404 404 404 404 404 401"),
    ("POST", "/problems/<slug>/uploads"): Door("in 412 412 412 412 412 412 in"),
    ("PATCH", "/uploads/<key>"): Door("in 412 412 412 412 412 412 in"),
    ("DELETE", "/uploads/<key>"): Door("in 412 412 412 412 412 412 in"),
    ("POST", "/uploads/<key>/submission"): Door("in 404 404 404 404 404 404 in"),
    ("GET", "/api/v1/submissions"): Door(API),
    ("GET", "/api/v1/submissions/<int:submission_id>"): Door(API_TEAM),
    ("GET", "/api/v1/submissions/<int:submission_id>/log"): Door(API_TEAM),
    ("GET", "/api/v1/submissions/<int:submission_id>/log.txt"): Door(API_TEAM),
    ("POST", "/api/v1/problems/<slug>/debug-runs"): Door(
        "401 202 202 202 403 403 403 401", code_archive
    ),
    ("POST", "/api/v1/submissions/<int:submission_id>/choice"): Door(
        "401 404 409 409 403 403 403 401"
    ),
    ("DELETE", "/api/v1/submissions/<int:submission_id>/choice"): Door(
        "401 404 409 409 403 403 403 401"
    ),
    ("POST", "/api/v1/submissions/<int:submission_id>/cancel"): Door(
        "401 404 202 202 403 202 202 401", values={"submission_id": "waiting"}
    ),
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"sign_in_rate": "10000 per minute"})


@pytest.fixture
def world(app: Flask, platform: Platform, tmp_path: Path) -> World:
    app.config["WTF_CSRF_ENABLED"] = False
    return World(app, platform, tmp_path)


def outcome(answer: TestResponse) -> str:
    if answer.status_code not in {301, 302, 303, 307, 308}:
        return str(answer.status_code)
    assert answer.headers["Location"].startswith("/")
    return "in" if answer.headers["Location"].startswith("/sign-in") else "go"


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(DOORS)
    assert {len(door.outcomes.split()) for door in DOORS.values()} == {len(ROLES)}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_what_its_column_says(world: World, role: str) -> None:
    found, expected = {}, {}
    for (method, rule), door in DOORS.items():
        answer = world.knock(role, method, world.path(rule, door.values), door.data())
        found[f"{method} {rule}"] = outcome(answer)
        expected[f"{method} {rule}"] = door.outcomes.split()[ROLES.index(role)]
        answer.close()
        if method == "POST":
            world.restore()
    assert found == expected


def doors_to_b(world: World) -> list[str]:
    """Every address that is read, those of the team's submission too, with B asked for."""
    plain = [
        world.path(rule, door.values) for (method, rule), door in DOORS.items() if method == "GET"
    ]
    boards = [f"{path}?board=B" for path in plain]
    baseline = [
        f"{prefix}/submissions/{world.baseline}{tail}"
        for prefix in ("", "/api/v1")
        for tail in ("", "/log", *(["/log.txt"] if prefix else []))
    ]
    return [*plain, *boards, *baseline, f"/submissions/{world.baseline}/status.json"]


def leaks(world: World, role: str) -> set[str]:
    found = set()
    for path in doors_to_b(world):
        answer = world.knock(role, "GET", path, {})
        if any(secret in answer.data for secret in SECRETS):
            found.add(path)
        answer.close()
    return found


def test_nothing_of_b_is_told_before_the_reveal(world: World) -> None:
    for role in ("visitor", "stranger", "member", "captain", "gone"):
        assert leaks(world, role) == set(), role
    for role in ("member", "captain"):
        hidden = world.knock(role, "GET", "/api/v1/problems/pcb/leaderboard?board=B", {})
        assert (hidden.status_code, hidden.get_json()["code"]) == (403, "board_hidden")


@pytest.mark.slow
def test_staff_read_b_before_the_reveal(world: World) -> None:
    for role in ("judge", "organiser", "admin"):
        assert leaks(world, role) >= {
            "/problems/pcb/leaderboard?board=B",
            "/api/v1/problems/pcb/leaderboard?board=B",
            f"/submissions/{world.scored}",
            f"/api/v1/submissions/{world.scored}",
            "/api/v1/submissions",
        }, role


@pytest.mark.slow
def test_after_the_reveal_everybody_reads_the_board_and_only_the_team_its_submission(
    world: World, clock: FrozenClock
) -> None:
    with world.database.transaction() as session:
        session.scalars(select(Problem)).one().b_revealed_at = clock.now()
    board = "/problems/pcb/leaderboard?board=B"
    profile = f"/problems/pcb/teams/{world.team}"
    public = {board, profile, f"{profile}?board=B"}
    assert leaks(world, "visitor") == public
    assert leaks(world, "stranger") == {*public, f"/api/v1{board}"}
    own = {f"/submissions/{world.scored}", f"/api/v1/submissions/{world.scored}"}
    lists = {"/api/v1/submissions"}
    for role in ("member", "captain"):
        asked = {path.partition("?")[0] for path in leaks(world, role)}
        boards = {"/problems/pcb/leaderboard", "/api/v1/problems/pcb/leaderboard"}
        assert asked == boards | {profile} | own | lists


def test_a_judge_may_not_compete_by_any_door(world: World) -> None:
    """Not even one who was in a team before becoming a judge."""
    with world.database.transaction() as session:
        session.get_one(User, world.people["member"].id).role = Role.JUDGE
    for path in ("/problems/pcb/submit", "/api/v1/problems/pcb/submissions"):
        answer = world.knock("member", "POST", path, submission())
        assert answer.status_code == 403
    cancelled = f"/submissions/{world.waiting}/cancel"
    for path in (cancelled, f"/api/v1{cancelled}"):
        assert world.knock("member", "POST", path, {}).status_code == 403


def test_a_judges_b_log_is_not_the_teams(world: World) -> None:
    """The log of a run on B is asked for by name; before the reveal a team learns of none."""
    for path in (f"/submissions/{world.scored}/log", f"/api/v1/submissions/{world.scored}/log"):
        assert world.knock("member", "GET", f"{path}?board=B", {}).status_code == 404
        assert world.knock("member", "GET", path, {}).status_code == 200
