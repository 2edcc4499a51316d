"""JSON that fits a schema, and what is told of what does not."""

import json

import pytest

from scoring.errors import TruthError
from scoring.metrics import METRICS
from tests.unit.scoring.metrics.test_cells import score
from tests.unit.scoring.metrics.test_reference import texts

ORDER = json.dumps(
    {
        "$defs": {"minutes": {"type": "integer", "minimum": 0}},
        "type": "object",
        "required": ["设备", "停机分钟"],
        "properties": {
            "设备": {"type": "string"},
            "停机分钟": {"$ref": "#/$defs/minutes"},
            "备件": {"type": "array", "uniqueItems": True},
        },
        "additionalProperties": False,
        "examples": [{"设备": "压机 3", "停机分钟": 5}],
    },
    ensure_ascii=False,
)


def fault(cell: str, schema: str = ORDER) -> object:
    cases = METRICS["json_schema_validity"].cases
    assert cases is not None
    (case,) = cases(texts([[schema]], [cell]))
    assert case["valid"] == (case["reason"] is None)
    return case["reason"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('{"设备": "压机 3", "停机分钟": 5}', None),
        ('{"设备": "压机 3", "停机分钟": 5, "备件": ["1", 1, true]}', None),
        ('{"设备": "压机 3"}', "$: required"),
        ('{"设备": "压机 3", "停机分钟": -1}', "$.停机分钟: minimum"),
        ('{"设备": "压机 3", "停机分钟": "5"}', "$.停机分钟: type"),
        ('{"设备": "压机 3", "停机分钟": 5, "x": 1}', "$: additionalProperties"),
        ('{"设备": "压机 3", "停机分钟": 5, "备件": [1, [1.0], 1.0]}', "$.备件: uniqueItems"),
        (
            '{"设备": "压机 3", "停机分钟": 5, "备件": [{"a": 1}, {"a": 1.0}]}',
            "$.备件: uniqueItems",
        ),
        (
            r'{"设备": "", "停机分钟": 5, "备件": [{"\u0000\ud800": 1}, 2, 2]}',
            "$.备件: uniqueItems",
        ),
        ('{"设备": 1, "设备": 2}', "not JSON"),
        ("", "not JSON"),
        ("好的，结果如下：{}", "not JSON"),
        ("[" * 9999, "not JSON"),
        ("[" + "0," * 9999 + "0]", "more than 5000 values"),
        (json.dumps({"a": [{}] * 5001}), "more than 5000 values"),
    ],
)
def test_a_cell_fits_or_its_place_and_keyword_are_told(cell: str, said: str | None) -> None:
    assert fault(cell) == said


def test_no_name_of_an_answer_breaks_what_keeps_the_cases() -> None:
    assert fault(r'{"\u0000\ud800": 1}', '{"additionalProperties": false}') is not None
    assert fault(r'{"\u0000\ud800": 1}', '{"additionalProperties": {"type": "null"}}') == (
        "$.\ufffd\ufffd: type"
    )


def test_the_score_is_the_share_of_rows_that_fit() -> None:
    good = METRICS["json_schema_validity"].perfect(ORDER)

    assert score("json_schema_validity", [ORDER] * 4, [good, good, good, "{"]) == 0.75
    assert METRICS["json_schema_validity"].perfect("{}") == "{}"


def test_a_schema_that_follows_itself_for_ever_fits_nothing() -> None:
    assert fault("1", '{"$ref": "#"}') == "nested too deeply"


@pytest.mark.parametrize(
    "schema", ["", "{", '{"type": "number of bolts"}', '{"$ref": "https://example.org/a.json"}']
)
def test_a_schema_that_is_none_is_the_organisers(schema: str) -> None:
    with pytest.raises(TruthError):
        score("json_schema_validity", [schema], ["1"])
