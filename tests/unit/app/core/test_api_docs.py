import pytest
from flask import Flask

from app.core.api_docs import list_error_codes, type_text
from app.core.errors import AppError


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string"}, "string"),
        ({"$ref": "#/components/schemas/Thing"}, "Thing"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer | null"),
        ({"type": "array", "items": {"$ref": "#/x/Thing"}}, "array of Thing"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({"enum": ["A", "B"], "type": "string"}, "A | B"),
        ({"const": "A"}, "A"),
        ({}, "any"),
    ],
)
def test_types_in_a_few_words(schema: dict[object, object], text: str) -> None:
    assert type_text(schema) == text


def test_every_error_is_listed_once_with_its_status(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        found = {one.code: one for one in list_error_codes()}
    assert found["rate_limit"].status == 429
    assert found["malformed_request"].status == 400
    assert found["too_large"].message == "The file is larger than the … allowed."
    assert AppError.code not in found
