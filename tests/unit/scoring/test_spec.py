import pytest
from pydantic import ValidationError

import scoring
from scoring import BoardColumn, ColumnType, Localized, Scoring, SubmissionTable
from scoring.spec import is_plain_name

COLUMN: dict[str, object] = {
    "key": "f1",
    "metric": "f1_macro",
    "target": "label",
    "direction": "max",
    "primary": True,
}


def test_one_name_stands_for_a_list_of_one() -> None:
    column = BoardColumn.model_validate(COLUMN)

    assert column.target == ("label",)
    assert column.predictions == ("label",)
    assert BoardColumn.model_validate({**COLUMN, "prediction": ["a", "b"]}).predictions == (
        "a",
        "b",
    )


def test_classes_may_be_written_as_numbers() -> None:
    kind = ColumnType.model_validate({"type": "category", "values": [0, 1]})

    assert kind.values == ("0", "1")


def test_specifications_do_not_change() -> None:
    column = BoardColumn.model_validate(COLUMN)
    with pytest.raises(ValidationError, match="frozen"):
        column.decimals = 3  # type: ignore[misc]


def test_what_is_read_back_is_the_same() -> None:
    spec = Scoring.model_validate({"partition": "rows", "columns": [COLUMN]})

    assert Scoring.model_validate_json(spec.model_dump_json()) == spec
    assert spec.primary.key == "f1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"primary": False}, "one_primary"),
        ({"metric": None, "target": None}, "no_metric"),
        ({"target": None}, "target_missing"),
        ({"metric": None}, "metric_missing"),
        ({"decimals": -1}, "greater_than_equal"),
        ({"key": "F1"}, "string_pattern_mismatch"),
        ({"extra": 1}, "extra_forbidden"),
    ],
)
def test_what_a_board_column_must_not_be(changes: dict[str, object], code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Scoring.model_validate({"partition": "rows", "columns": [{**COLUMN, **changes}]})
    assert caught.value.errors()[0]["type"] == code


def test_keys_are_columns_that_name_rows_exactly() -> None:
    for columns in ({"x": {"type": "string"}}, {"id": {"type": "number"}}):
        with pytest.raises(ValidationError):
            SubmissionTable.model_validate({"key": ["id"], "columns": columns})


def test_a_localized_text_is_complete() -> None:
    text = Localized.model_validate({"zh-Hans": "宏平均 F1", "en": "Macro F1"})

    assert text.text("zh-Hant") == "宏平均 F1"
    assert text.text("en-GB") == "Macro F1"
    with pytest.raises(ValidationError):
        Localized.model_validate({"en": "Macro F1"})


@pytest.mark.parametrize("name", ["a.csv", "predictions.csv", "A_1-b.tar.gz"])
def test_plain_names(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["", ".hidden", "a/b", "..", "a b", "-x", "结果.csv", "a\n", "x" * 101]
)
def test_names_that_are_not_plain(name: str) -> None:
    assert not is_plain_name(name)


def test_every_public_name_exists() -> None:
    for name in scoring.__all__:
        assert getattr(scoring, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        scoring.nonsense  # noqa: B018
