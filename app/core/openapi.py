"""OpenAPI 3.1, written from the declarations of the endpoints themselves."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Flask
from flask_babel import gettext
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.core.api import PROBLEM_MEDIA_TYPE, Operation, ProblemOutput
from app.core.i18n import N_
from app.core.web import API_PREFIX, Access

JsonObject = dict[str, object]

VERSION: Final = "1.0.0"
_REF: Final = "#/components/schemas/{model}"
_PARAMETER: Final = re.compile(r"<(?:(?P<converter>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_REFERENCE: Final = re.compile(r'"(#/components/schemas/)([^"]+)"')
_NO_FEATURES: Final = frozenset({"app"})
_IDENTIFIER: Final = "int"
_INTRODUCTION: Final = N_(
    "Send a token as “Authorization: Bearer …”. Times are RFC 3339 with offset, ids are opaque "
    "strings, sizes count bytes, lists are newest first unless they are boards. Titles and "
    "messages come in the language of Accept-Language (zh-Hans, zh-Hant, en). Errors are "
    "application/problem+json (RFC 9457); their “code” is stable."
)
_FAILURES: Final = {
    HTTPStatus.BAD_REQUEST: N_("A parameter is missing or wrong."),
    HTTPStatus.UNAUTHORIZED: N_("No token, or one that does not work."),
    HTTPStatus.FORBIDDEN: N_("Not allowed."),
    HTTPStatus.NOT_FOUND: N_("Not there, or not yours to know of."),
    HTTPStatus.CONFLICT: N_("The present state does not allow it."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("The body is too large."),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: N_("The file is shorter than the range."),
    HTTPStatus.UNPROCESSABLE_ENTITY: N_("The upload was read and refused; “errors” says why."),
    HTTPStatus.TOO_MANY_REQUESTS: N_(
        "Too many calls (code rate_limit) or submissions (code quota); Retry-After says when."
    ),
}


class ErrorDocument(ProblemOutput):
    """An error, as RFC 9457 has it. `code` is stable; `detail` is for people, in their language."""


class UndeclaredEndpointError(Exception):
    """A route of the API carries no declaration, so it cannot be described."""


@dataclass(frozen=True, slots=True)
class Described:
    """One endpoint: where it is, who may call it, and what it declares."""

    method: str
    rule: str
    name: str
    access: Access
    operation: Operation

    @property
    def path(self) -> str:
        """Return the path as OpenAPI writes it, `/api/v1/problems/{slug}`."""
        return _PARAMETER.sub(r"{\g<name>}", self.rule)


def list_endpoints(app: Flask) -> list[Described]:
    """Return every endpoint of the API, by path.

    Raises:
        UndeclaredEndpointError: a route under the prefix is no declared endpoint.
    """
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(f"{API_PREFIX}/"):
            continue
        facts = vars(app.view_functions[rule.endpoint])
        if "operation" not in facts or "access" not in facts:
            raise UndeclaredEndpointError(rule.rule)
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [
            Described(method, rule.rule, rule.endpoint, facts["access"], facts["operation"])
            for method in methods
        ]
    return sorted(found, key=lambda one: (one.rule, one.method))


def build_openapi(app: Flask) -> JsonObject:
    """Return the OpenAPI document in the language of the request."""
    endpoints = list_endpoints(app)
    schemas = _Schemas([one.operation for one in endpoints])
    paths: dict[str, JsonObject] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _describe(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Baijing API",
            "version": VERSION,
            "description": gettext(_INTRODUCTION),
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The JSON Schemas of all models that endpoints read and write, under their names."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        answers: list[type[BaseModel]] = [ErrorDocument]
        bodies: list[type[BaseModel]] = []
        for operation in operations:
            answers += [operation.returns] if operation.returns is not None else []
            bodies += [
                model
                for model in (operation.query, operation.body, operation.form)
                if model is not None
            ]
        references, document = models_json_schema(
            [(model, "serialization") for model in dict.fromkeys(answers)]
            + [(model, "validation") for model in dict.fromkeys(bodies)],
            ref_template=_REF,
        )
        definitions = document.get("$defs", {})
        names = {name: _short_name(name) for name in definitions}
        self._references = {key: _rename(reference, names) for key, reference in references.items()}
        self.definitions: dict[str, JsonObject] = {
            names[name]: _rename(schema, names) for name, schema in definitions.items()
        }

    def answer(self, model: type[BaseModel]) -> Mapping[str, object]:
        """Return a reference to what an endpoint answers with."""
        return self._references[model, "serialization"]

    def body(self, model: type[BaseModel]) -> Mapping[str, object]:
        """Return a reference to what an endpoint reads."""
        return self._references[model, "validation"]

    def fields(self, model: type[BaseModel]) -> tuple[Mapping[str, JsonObject], list[str]]:
        """Return the fields of what an endpoint reads, and which are required."""
        name = str(self.body(model)["$ref"]).rpartition("/")[2]
        schema = self.definitions[name]
        properties, required = schema.get("properties"), schema.get("required")
        return (
            properties if isinstance(properties, dict) else {},
            required if isinstance(required, list) else [],
        )


def _short_name(name: str) -> str:
    """Return `ProblemsKind` for `app__problems__models__Kind`: two models have the same name."""
    parts = name.split("__")
    if len(parts) == 1:
        return name
    home = [part for part in parts[:-1] if part not in _NO_FEATURES]
    return "".join(part.title() for part in home[:1]) + parts[-1]


def _rename(schema: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """Return a schema whose references use other names."""
    text = _REFERENCE.sub(lambda found: f'"{found[1]}{names[found[2]]}"', json.dumps(schema))
    renamed: JsonObject = json.loads(text)
    return renamed


def _describe(one: Described, schemas: _Schemas) -> JsonObject:
    document: JsonObject = {
        "operationId": one.name.replace(".", "_"),
        "summary": gettext(one.operation.summary),
        "parameters": [*_path_parameters(one), *_query(one.operation, schemas), *_headers(one)],
        "responses": _responses(one, schemas),
        "security": [{"bearer": []}] if one.access is not Access.ANYONE else [{}, {"bearer": []}],
        "x-access": one.access.value,
    }
    body = _body(one.operation, schemas)
    if body is not None:
        document["requestBody"] = body
    return document


def _path_parameters(one: Described) -> list[JsonObject]:
    return [
        {
            "name": match["name"],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"}
            if match["converter"] == _IDENTIFIER
            else {"type": "string"},
        }
        for match in _PARAMETER.finditer(one.rule)
    ]


def _query(operation: Operation, schemas: _Schemas) -> list[JsonObject]:
    if operation.query is None:
        return []
    fields, required = schemas.fields(operation.query)
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in fields.items()
    ]


def _headers(one: Described) -> list[JsonObject]:
    return [
        {
            "name": name,
            "in": "header",
            "description": gettext(text),
            "required": False,
            "schema": {"type": "string"},
        }
        for name, text in one.operation.headers.items()
    ]


def _body(operation: Operation, schemas: _Schemas) -> JsonObject | None:
    if operation.body is not None:
        content = {"application/json": {"schema": schemas.body(operation.body)}}
        return {"required": True, "content": content}
    if operation.form is None and not operation.files:
        return None
    fields, required = schemas.fields(operation.form) if operation.form else ({}, [])
    files = {
        name: {"type": "string", "contentMediaType": "application/octet-stream"}
        for name in operation.files
    }
    schema = {
        "type": "object",
        "properties": {**files, **fields},
        "required": [*operation.files, *required],
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _responses(one: Described, schemas: _Schemas) -> JsonObject:
    operation = one.operation
    schema = {} if operation.returns is None else {"schema": schemas.answer(operation.returns)}
    success: JsonObject = {
        "description": operation.status.phrase,
        "content": {operation.media_type: schema},
    }
    if operation.sends:
        success["headers"] = {
            name: {"description": gettext(text), "schema": {"type": "string"}}
            for name, text in operation.sends.items()
        }
    failures = {
        str(status.value): {
            "description": gettext(_FAILURES[status]),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": schemas.answer(ErrorDocument)}},
        }
        for status in sorted(_failures(one))
    }
    return {str(operation.status.value): success, **failures}


def _failures(one: Described) -> set[HTTPStatus]:
    """Add what follows from the declaration to what the endpoint names itself."""
    operation = one.operation
    found = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, *operation.errors}
    if operation.query or operation.body or operation.form:
        found.add(HTTPStatus.BAD_REQUEST)
    if one.access not in {Access.ANYONE, Access.MEMBER}:
        found.add(HTTPStatus.FORBIDDEN)
    if _PARAMETER.search(one.rule):
        found.add(HTTPStatus.NOT_FOUND)
    return found
