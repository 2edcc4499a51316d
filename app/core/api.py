"""What every API module is declared with: parse, call, serialise, one format of errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Annotated, ClassVar, Final, Generic, TypeVar

from flask import Response, request
from flask_babel import force_locale, gettext
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from app.core.clock import BEIJING
from app.core.errors import FieldIssue, InvalidError
from app.core.i18n import N_
from app.core.pagination import DEFAULT_PER_PAGE, MAX_PER_PAGE, Page, PageRequest

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
JSON_MEDIA_TYPE: Final = "application/json"

Id = Annotated[str, BeforeValidator(str)]
"""A row's number as clients see it: an opaque string."""

Instant = Annotated[
    datetime,
    PlainSerializer(
        lambda instant: instant.astimezone(BEIJING).isoformat(timespec="milliseconds"),
        return_type=str,
        when_used="json",
    ),
]
"""A time as RFC 3339 with offset; Beijing's, so that days read as the quota counts them."""


class Output(BaseModel):
    """Base of what an endpoint answers with."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Input(BaseModel):
    """Base of what an endpoint reads from the query, a form or a JSON body."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


class PageInput(Input):
    """Which page of a list; more rows per page than allowed gives as many as allowed."""

    page: int = Field(default=1, ge=1, le=1_000_000, description="Counted from 1.")
    per_page: int = Field(
        default=DEFAULT_PER_PAGE, ge=1, description=f"At most {MAX_PER_PAGE}; more is cut to that."
    )

    def as_request(self) -> PageRequest:
        """Return the bounded page."""
        return PageRequest.clamp(self.page, self.per_page)


class PageOutput(Output, Generic[T]):
    """One page of a list; `total` counts the whole."""

    items: list[T]
    total: int
    page: int
    per_page: int


class ProblemIssue(Output):
    """One wrong field, or one wrong line of an uploaded file."""

    loc: str
    line: int | None = None
    message: str


class ProblemOutput(Output):
    """An error, as RFC 9457 has it. `code` is stable; `detail` is for people, in their language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemIssue] | None = None


class MalformedRequestError(InvalidError):
    """A parameter, form field or body that does not have the declared shape."""

    code = "malformed_request"
    message = N_("Some parameters are missing or wrong.")


@dataclass(frozen=True, slots=True)
class PydanticIssue:
    """A validation failure of pydantic's, in the reader's language where we know the kind."""

    kind: str
    text: str
    params: Mapping[str, object]

    TEXTS: ClassVar[Mapping[str, str]] = {
        "missing": N_("This is required."),
        "int_parsing": N_("This must be a whole number."),
        "bool_parsing": N_("This must be true or false."),
        "string_type": N_("This must be text."),
        "string_too_long": N_("At most %(max_length)s characters are allowed."),
        "string_too_short": N_("At least %(min_length)s characters are needed."),
        "greater_than_equal": N_("This must be %(ge)s or more."),
        "less_than_equal": N_("This must be %(le)s or less."),
        "enum": N_("Allowed here: %(expected)s."),
        "literal_error": N_("Allowed here: %(expected)s."),
        "json_invalid": N_("The body is not valid JSON."),
        "nul": N_("This holds a character that cannot be stored."),
    }

    def render(self, locale: str) -> str:
        """Return the text in a language; kinds we have no words for stay in English."""
        template = self.TEXTS.get(self.kind)
        return self.text if template is None else translate(template, locale, self.params)


@dataclass(frozen=True, slots=True)
class Operation:
    """What an endpoint is, said once: the decorator parses by it and OpenAPI is written from it."""

    summary: str
    """One translatable line; `N_("…")`."""
    returns: type[BaseModel] | None = None
    """The model of a JSON answer; None for files and empty answers."""
    status: HTTPStatus = HTTPStatus.OK
    """Of a successful answer."""
    query: type[BaseModel] | None = None
    """Parsed from the query string and passed as `query`."""
    body: type[BaseModel] | None = None
    """Parsed from a JSON body and passed as `body`."""
    form: type[BaseModel] | None = None
    """Parsed from a multipart form and passed as `form`; with `files` the view reads it itself."""
    files: tuple[str, ...] = ()
    """The files of the form. The view decides how large a body may be before it is read."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request headers the view reads itself, with what they do."""
    errors: tuple[HTTPStatus, ...] = ()
    """Failures peculiar to this endpoint; 400, 401, 403 and 429 follow from the rest."""
    media_type: str = JSON_MEDIA_TYPE
    """What the answer is when it is not JSON."""
    sends: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer worth knowing, with what they say."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A model with headers of its own, as `Location`."""

    model: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)


ApiView = Callable[..., "BaseModel | Answer | Response"]


def endpoint(operation: Operation) -> Callable[[ApiView], Callable[..., Response]]:
    """Declare an API view: below the route, above `@access`.

    The view receives `query`, `body` and `form` as declared and returns a model, an `Answer` or,
    for files, a response of its own.
    """

    def declare(view: ApiView) -> Callable[..., Response]:
        @wraps(view)
        def call(**arguments: object) -> Response:
            return _serialise(view(**arguments, **_parse_request(operation)), operation)

        vars(call)["operation"] = operation
        return call

    return declare


def page_output(page: Page[T], items: list[M]) -> PageOutput[M]:
    """Return a page of rows as a page of models."""
    return PageOutput[M](
        items=items, total=page.total, page=page.request.page, per_page=page.request.per_page
    )


def translate(template: str, locale: str, params: Mapping[str, object]) -> str:
    """Fill a translatable template in a language (`zh-Hans`, `en`)."""
    with force_locale(locale.replace("-", "_")):
        return str(gettext(template, **params))


def parse_model(model: type[M], values: Mapping[str, object], where: str) -> M:
    """Validate values against a model.

    Raises:
        MalformedRequestError: naming each wrong field as `where.field`.
    """
    unstorable = [name for name, text in values.items() if isinstance(text, str) and "\0" in text]
    if unstorable:
        issue = PydanticIssue("nul", "This holds a character that cannot be stored.", {})
        raise MalformedRequestError(
            details=[FieldIssue(f"{where}.{name}", issue) for name in unstorable]
        )
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _malformed(error, where) from error


def _parse_request(operation: Operation) -> dict[str, BaseModel]:
    parsed: dict[str, BaseModel] = {}
    if operation.query is not None:
        parsed["query"] = parse_model(operation.query, _given(request.args), "query")
    if operation.form is not None and not operation.files:
        parsed["form"] = parse_model(operation.form, _given(request.form), "form")
    if operation.body is not None:
        try:
            parsed["body"] = operation.body.model_validate_json(request.get_data() or b"{}")
        except ValidationError as error:
            raise _malformed(error, "body") from error
    return parsed


def _given(values: Mapping[str, str]) -> dict[str, object]:
    return {name: text for name, text in values.items() if text.strip()}


def _malformed(error: ValidationError, where: str) -> MalformedRequestError:
    return MalformedRequestError(
        details=[
            FieldIssue(
                ".".join([where, *map(str, issue["loc"])]),
                PydanticIssue(issue["type"], issue["msg"], issue.get("ctx", {})),
            )
            for issue in error.errors(include_url=False, include_input=False)
        ]
    )


def _serialise(result: BaseModel | Answer | Response, operation: Operation) -> Response:
    if isinstance(result, Response):
        return result
    answer = result if isinstance(result, Answer) else Answer(result)
    text = answer.model.model_dump_json(by_alias=True) + "\n"
    response = Response(text, status=operation.status, mimetype=JSON_MEDIA_TYPE)
    response.headers.update(answer.headers)
    response.vary.update(("Authorization", "Accept-Language"))
    return response
