from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Babel
from pydantic import Field

from app.core.api import (
    Answer,
    Id,
    Input,
    Instant,
    MalformedRequestError,
    Operation,
    Output,
    PageInput,
    PageOutput,
    PydanticIssue,
    endpoint,
    page_output,
    parse_model,
)
from app.core.pagination import Page, PageRequest


class Query(PageInput):
    size: int = Field(default=3, ge=1, le=9)


class Body(Input):
    name: str


class Thing(Output):
    id: Id
    at: Instant
    name: str


AT = datetime(2030, 1, 1, 4, tzinfo=UTC)


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    Babel(app)

    @app.get("/things/<slug>")
    @endpoint(Operation("Read", returns=Thing, query=Query))
    def read(slug: str, query: Query) -> Thing:
        return Thing(id=query.size, at=AT, name=slug)

    @app.post("/things")
    @endpoint(Operation("Make", returns=Thing, body=Body, status=HTTPStatus.ACCEPTED))
    def make(body: Body) -> Answer:
        return Answer(Thing(id="1", at=AT, name=body.name), {"Location": "/things/1"})

    @app.errorhandler(MalformedRequestError)
    def refuse(error: MalformedRequestError) -> tuple[list[str], int]:
        return [f"{one.loc}: {one.message.render('en')}" for one in error.details], 400

    return app.test_client()


def test_a_model_becomes_json_with_text_ids_and_times_with_offset(client: FlaskClient) -> None:
    answer = client.get("/things/a?size=7")
    assert answer.json == {"id": "7", "at": "2030-01-01T12:00:00.000+08:00", "name": "a"}
    assert answer.mimetype == "application/json"
    assert {"Accept-Language", "Authorization"} <= set(answer.vary)


def test_a_body_is_parsed_and_headers_are_sent(client: FlaskClient) -> None:
    answer = client.post("/things", json={"name": " 张伟 ", "more": 1})
    assert (answer.status_code, answer.headers["Location"]) == (202, "/things/1")
    assert answer.get_json()["name"] == "张伟"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("size=x", "query.size: This must be a whole number."),
        ("size=10", "query.size: This must be 9 or less."),
        ("size=0", "query.size: This must be 1 or more."),
        ("page=0", "query.page: This must be 1 or more."),
    ],
)
def test_wrong_parameters_are_named(client: FlaskClient, query: str, said: str) -> None:
    answer = client.get(f"/things/a?{query}")
    assert (answer.status_code, answer.json) == (400, [said])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", "body.name: This is required."),
        ("", "body.name: This is required."),
        ('{"name": 3}', "body.name: This must be text."),
        ("{", "body: The body is not valid JSON."),
    ],
)
def test_wrong_bodies_are_named(client: FlaskClient, body: str, said: str) -> None:
    assert client.post("/things", data=body).json == [said]


def test_empty_parameters_are_as_good_as_none(client: FlaskClient) -> None:
    assert client.get("/things/a?size=").get_json()["id"] == "3"


def test_more_rows_than_allowed_are_cut() -> None:
    assert PageInput(per_page=1000).as_request() == PageRequest(1, 100)


def test_a_page_of_rows_becomes_a_page_of_models() -> None:
    things = [Thing(id="1", at=AT, name="a")]
    found = page_output(Page(things, 41, PageRequest(3, 20)), things)
    assert isinstance(found, PageOutput)
    assert (found.items, found.total, found.page, found.per_page) == (things, 41, 3, 20)


def test_a_kind_of_mistake_without_words_of_ours_keeps_its_own() -> None:
    assert PydanticIssue("odd", "Something odd", {}).render("zh-Hans") == "Something odd"


def test_several_mistakes_are_all_named() -> None:
    class Two(Input):
        a: int
        b: int

    with pytest.raises(MalformedRequestError) as refused:
        parse_model(Two, {"a": "x"}, "form")
    assert [issue.loc for issue in refused.value.details] == ["form.a", "form.b"]
