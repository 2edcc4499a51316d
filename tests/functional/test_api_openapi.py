"""The API describes itself completely and correctly."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.core.db import Database
from app.core.openapi import UndeclaredEndpointError, list_endpoints
from app.core.web import Access, access
from tests.factories import make_user

pytestmark = pytest.mark.functional

Document = dict[str, Any]

CONTRACT = {
    ("GET", "/api/v1/problems"),
    ("GET", "/api/v1/problems/{slug}"),
    ("GET", "/api/v1/problems/{slug}/files/{path}"),
    ("POST", "/api/v1/problems/{slug}/submissions"),
    ("GET", "/api/v1/problems/{slug}/leaderboard"),
    ("GET", "/api/v1/submissions"),
    ("GET", "/api/v1/submissions/{submission_id}"),
    ("GET", "/api/v1/submissions/{submission_id}/log"),
    ("POST", "/api/v1/submissions/{submission_id}/cancel"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/docs"),
}
BEYOND = {
    ("GET", "/api/v1/problems/{slug}/leaderboard/{team_id}/against/{other_id}"),
    ("GET", "/api/v1/images/{name}"),
    ("GET", "/api/v1/overall-boards"),
    ("GET", "/api/v1/overall-boards/{slug}"),
    ("POST", "/api/v1/problems/{slug}/uploads"),
    ("PATCH", "/api/v1/uploads/{key}"),
    ("DELETE", "/api/v1/uploads/{key}"),
    ("POST", "/api/v1/uploads/{key}/submission"),
    ("GET", "/api/v1/problems/{slug}/trial"),
    ("POST", "/api/v1/problems/{slug}/debug-runs"),
    ("GET", "/api/v1/submissions/{submission_id}/log.txt"),
    ("POST", "/api/v1/submissions/{submission_id}/choice"),
    ("DELETE", "/api/v1/submissions/{submission_id}/choice"),
}
"""What there is besides what was promised."""

STATUS = re.compile(r"[1-5]\d\d")
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}


@pytest.fixture
def document(client: FlaskClient) -> Document:
    answer = client.get("/api/v1/openapi.json", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    found: Document = answer.get_json()
    return found


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def nodes(value: object) -> Iterator[Document]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def test_the_contract_and_nothing_unknown_is_described(document: Document) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == CONTRACT | BEYOND


def test_every_route_of_the_api_is_described(app: Flask, document: Document) -> None:
    routes = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert routes == set(document["paths"])


def test_the_document_has_the_shape_of_openapi(document: Document) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(document["info"])
    identifiers = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(identifiers)) == len(identifiers)
    assert document["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer"}
    }


def test_every_operation_is_complete(document: Document) -> None:
    for _method, path, operation in operations(document):
        assert operation["summary"]
        declared = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path))
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")
        names = [(one["name"], one["in"]) for one in operation["parameters"]]
        assert len(set(names)) == len(names)
        assert all(one["in"] in {"path", "query", "header"} for one in operation["parameters"])
        assert all("schema" in one for one in operation["parameters"])
        assert all(STATUS.fullmatch(status) for status in operation["responses"])
        assert any(status.startswith("2") for status in operation["responses"])
        assert {"401", "429"} <= set(operation["responses"])


def test_errors_are_problem_documents(document: Document) -> None:
    for _method, _path, operation in operations(document):
        for status, answer in operation["responses"].items():
            assert answer["description"]
            if status >= "400":
                schema = answer["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorDocument"}


def test_every_reference_leads_somewhere(document: Document) -> None:
    names = set(document["components"]["schemas"])
    references = {node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)}
    assert references
    for reference in references:
        prefix, _, name = reference.rpartition("/")
        assert prefix == "#/components/schemas"
        assert name in names


def test_no_two_models_share_a_name(document: Document) -> None:
    assert not [name for name in document["components"]["schemas"] if "__" in name]


def test_every_schema_is_json_schema(document: Document) -> None:
    for schema in document["components"]["schemas"].values():
        for node in nodes(schema):
            kind = node.get("type")
            if isinstance(kind, str) and ("properties" in node or "items" in node):
                assert kind in TYPES
            required, properties = node.get("required"), node.get("properties")
            if isinstance(required, list) and isinstance(properties, dict):
                assert set(required) <= set(properties)


def test_who_may_call_is_said(document: Document) -> None:
    for _method, path, operation in operations(document):
        public = path in {"/api/v1/openapi.json", "/api/v1/docs"}
        assert operation["security"] == ([{}, {"bearer": []}] if public else [{"bearer": []}])


def test_the_upload_is_described(document: Document) -> None:
    operation = document["paths"]["/api/v1/problems/{slug}/submissions"]["post"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(schema["properties"]) == {"file", "kind", "note", "board"}
    assert set(schema["required"]) == {"file", "kind"}
    assert {"202", "409", "413", "422"} <= set(operation["responses"])
    assert "Location" in operation["responses"]["202"]["headers"]
    assert "Idempotency-Key" in {one["name"] for one in operation["parameters"]}


def test_summaries_are_in_the_readers_language(client: FlaskClient, document: Document) -> None:
    chinese = client.get("/api/v1/openapi.json", headers={"Accept-Language": "zh-CN"}).get_json()
    path = "/api/v1/submissions"
    assert document["paths"][path]["get"]["summary"].isascii()
    assert chinese["paths"][path]["get"]["summary"] == "列出自己的提交；工作人员可见全部"


def test_a_route_without_a_declaration_is_refused(app: Flask) -> None:
    @app.get("/api/v1/forgotten")
    @access(Access.ANYONE)
    def forgotten() -> str:
        return ""

    with pytest.raises(UndeclaredEndpointError, match="forgotten"):
        list_endpoints(app)


def test_the_page_shows_every_operation_and_object(client: FlaskClient, document: Document) -> None:
    page = client.get("/api/v1/docs?lang=en").text
    for _method, path, operation in operations(document):
        assert f'id="{operation["operationId"]}"' in page
        assert path in page
    for name in document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page
    assert 'id="error-quota"' in page
    assert 'id="error-rate_limit"' in page
    assert set(re.findall(r'href="#schema-(\w+)"', page)) <= set(
        re.findall(r'id="schema-(\w+)"', page)
    )


def test_the_page_knows_its_reader(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None]
) -> None:
    with database.transaction() as session:
        user = make_user(session, name="张伟")
    sign_in(user)
    assert "张伟" in client.get("/api/v1/docs").text
