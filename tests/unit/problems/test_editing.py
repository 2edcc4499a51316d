import pytest

from problems.editing import change_description

TEXT = """\
# what the problem is
slug: solder   # its name
title: {zh-Hans: 焊点缺陷, en: "Solder joints"}
limits: {submissions_per_day: 3, team_size: 5}
summary:
  en: >-
    folded over
    two lines
"""


def test_other_places_and_comments_stay_as_they_are() -> None:
    changed = change_description(TEXT, {("slug",): "solder-2", ("title", "en"): "It: has a colon"})
    assert "# what the problem is\nslug: solder-2" in changed
    assert "# its name" in changed
    assert "limits: {submissions_per_day: 3, team_size: 5}" in changed
    assert "folded over" in changed
    again = change_description(changed, {("slug",): "solder", ("title", "en"): "Solder joints"})
    assert "slug: solder " in again


@pytest.mark.parametrize(
    "hostile", ["a\nslug: other", "{{ x }}", "#no comment", "- [", "\u202e: x"]
)
def test_a_text_never_becomes_structure(hostile: str) -> None:
    once = change_description(TEXT, {("title", "en"): hostile})
    assert change_description(once, {("title", "en"): hostile}) == once
    restored = change_description(once, {("title", "en"): "plain"})
    assert "title: {zh-Hans: 焊点缺陷, en:" in restored
    assert "other" not in restored
    assert restored.count("slug:") == 1


def test_a_place_that_is_not_there_is_no_place() -> None:
    with pytest.raises(KeyError):
        change_description(TEXT, {("owner", "en"): "x"})
