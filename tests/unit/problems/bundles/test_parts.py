from datetime import UTC, datetime

import pytest

from problems.bundles.columns import Keys
from problems.bundles.dates import DateFormatError, read_date
from problems.bundles.notes import CATALOGUE
from problems.bundles.pages import demote, html_to_markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01 18:00:00", datetime(2026, 5, 1, 18, tzinfo=UTC)),
        ("2026-05-01T18:00:00Z", datetime(2026, 5, 1, 18, tzinfo=UTC)),
        ("2026-05-01 18:00 +08:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01 18:00:00.25-0330", datetime(2026, 5, 1, 21, 30, 0, 250000, tzinfo=UTC)),
        ("1-2-2026", datetime(2026, 1, 2, tzinfo=UTC)),
        ("12/31/2026 23:59", datetime(2026, 12, 31, 23, 59, tzinfo=UTC)),
        ("May 1, 2026", datetime(2026, 5, 1, tzinfo=UTC)),
        ("September 3 2026 08:00", datetime(2026, 9, 3, 8, tzinfo=UTC)),
    ],
)
def test_dates_are_read_with_their_time(text: str, expected: datetime) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026", "31-12-2026", "2026-02-30", "2026-05-01 25:00", "Foo 1 2026", "١-١-٢٠٢٦",
     "0001-01-01 00:00 +23:00", "2026-05-01 18:00 +99:99"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(DateFormatError):
        read_date(text)


def test_headings_go_below_ours_and_code_stays() -> None:
    text = "# A\n```\n# code\n```\nB\n===\nC\n---\n- item\n---\n##### deep"
    assert demote(text) == ("### A\n```\n# code\n```\n### B\n#### C\n- item\n---\n###### deep")
    assert demote("```\nopen") == "```\nopen\n```"


def test_html_becomes_markdown_and_scripts_nothing() -> None:
    text, pictures = html_to_markdown(
        "<script>x()</script><h2>A &amp; B</h2><p>one <em>two</em><br>three</p>"
        "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul><pre>x  y</pre>"
        "<a href='javascript:x'>bad</a> <a href='https://e.org/(1)'>good</a><img src='p.png'>"
    )
    assert "x()" not in text
    assert text.startswith("## A & B\n\none *two*\\\nthree")
    assert "- a\n- b\n   1. c" in text
    assert "```\nx  y\n```" in text
    assert "[bad](#) [good](https://e.org/1)" in text
    assert pictures == ["p.png"]


def test_what_opens_no_tag_is_text_and_comments_are_nothing() -> None:
    text, _ = html_to_markdown(
        "a < b <!-- <p>no</p> --> <b>c</b> <a " + "x " * 5000 + ">d<!-- open"
    )
    assert text.startswith("a < b **c** <a x x")
    assert text.endswith("d")
    assert html_to_markdown("<a " * 50_000)[0].count("<a") == 50_000


def test_keys_are_ours_and_differ() -> None:
    keys = Keys()
    names = ["Accuracy", "accuracy", "yes/no", "1st", "准确率", "x" * 60, "x" * 60]
    made = [keys.make(name) for name in names]
    assert made[:5] == ["accuracy", "accuracy_2", "yes_no", "c_1st", "c"]
    assert made[5] == "x" * 40
    assert made[6] == "x" * 38 + "_2"


def test_the_catalogue_says_everything_in_both_languages() -> None:
    for code, (chinese, english) in CATALOGUE.items():
        names = {part.split("}")[0] for part in chinese.split("{")[1:]}
        others = {part.split("}")[0] for part in english.split("{")[1:]}
        known = {name.replace("_zh", "_en") for name in names if name != "zh"}
        assert known == {name for name in others if name != "en"}, code
