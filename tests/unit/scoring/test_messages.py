import re
from pathlib import Path
from string import Formatter

import pytest

import scoring
from scoring import InvalidSubmission, Message
from scoring.messages import CATALOGUE

SOURCES = sorted(Path(scoring.__file__).parent.rglob("*.py"))


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("code", sorted(set(CATALOGUE) - {"custom"}))
def test_both_languages_say_the_same(code: str) -> None:
    chinese, english = CATALOGUE[code]

    assert placeholders(chinese) == placeholders(english)
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert not re.search(r"[\u3000-\u9fff]", english)
    assert "!" not in english
    assert "！" not in chinese


def test_every_code_in_the_sources_is_in_the_catalogue_and_the_reverse() -> None:
    catalogue = Path(scoring.__file__).parent / "catalogue.py"
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path != catalogue)
    used = set(re.findall(r'Message\(\s*"([a-z_0-9]+)"', text))
    quoted = set(re.findall(r'"([a-z_0-9]+)"', text))

    assert used - set(CATALOGUE) == set()
    assert set(CATALOGUE) - quoted == {"too_large"}  # raised by `problems`


def test_the_example_of_the_design_reads_as_written() -> None:
    message = Message("not_in_values", {"value": "shrt", "allowed": "ok, open"}, 128, "label")

    assert message.render("zh-Hans") == "第 128 行：label 取值“shrt”不在允许集合 {ok, open} 中"
    assert message.render("zh-Hant") == message.render("zh-Hans")
    assert message.render("en") == "line 128: label is “shrt”, which is not one of {ok, open}"


def test_braces_in_a_value_are_text() -> None:
    message = Message("not_number", {"value": "{column.__class__}"}, 2, "x")

    assert message.render("en") == "line 2: x is “{column.__class__}”, which is not a number"


def test_a_message_survives_json() -> None:
    message = Message("below_min", {"value": "-1", "limit": 0}, 3, "score")

    assert Message.from_dict(message.as_dict()) == message


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"code": "no_such_code"},
        {"code": "below_min", "params": ["x"]},
        {"code": "below_min", "params": {"value": [1]}},
        {"code": "below_min", "params": {}},
    ],
)
def test_what_is_not_a_message_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a message"):
        Message.from_dict(data)


def test_a_scorer_may_raise_text_or_both_languages() -> None:
    plain, both = InvalidSubmission("stop 12 twice"), InvalidSubmission(zh="站点重复", en="twice")

    assert plain.messages[0].render("zh-Hans") == plain.messages[0].render("en") == "stop 12 twice"
    assert both.messages[0].render("zh-Hans") == "站点重复"
    assert str(both) == "twice"
