import unicodedata

import pytest

from app.accounts.errors import BadNameError, NameCharacterError, NameLengthError
from app.accounts.names import NAME_COLUMN, number_name
from app.accounts.operations import parse_name


@pytest.mark.parametrize(
    "name",
    [
        "张伟",
        "欧阳娜娜",
        "阿凡提·买买提",
        "艾克拜尔•吐尔逊",
        "𠮷野家",  # CJK extension B
        "㐂㐂",  # CJK extension A
        "\U00031350\U00031351",  # CJK extension H, newer than Python 3.11's tables
        "Anne-Marie O’Neill",
        "Đặng Văn",
        "Юлия",
        "李雷 2",
    ],
)
def test_names_of_every_script_are_kept_as_written(name: str) -> None:
    assert parse_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("  张伟  ", "张伟"),
        ("张\u3000伟", "张 伟"),
        ("Zhang   Wei", "Zhang Wei"),
        ("Zhang\u00a0Wei", "Zhang Wei"),
        ("Rene\u0301e", "Ren\u00e9e"),
    ],
)
def test_spaces_and_accents_have_one_form(text: str, stored: str) -> None:
    assert parse_name(text) == stored


@pytest.mark.parametrize(
    "character",
    [
        "\n",
        "\t",
        "\x00",
        "\x7f",
        "\u200b",  # zero-width space
        "\u200d",  # zero-width joiner
        "\u202e",  # right-to-left override
        "\u2066",  # left-to-right isolate
        "\ufeff",  # byte order mark
        "\u3164",  # Hangul filler
        "\ufe0f",  # variation selector
        "\ue000",  # private use
        "\u0378",  # unassigned
        "\ud800",  # half a surrogate pair
        "<",
        "🙂",
    ],
)
def test_what_cannot_be_seen_or_is_no_letter_is_refused(character: str) -> None:
    with pytest.raises(NameCharacterError) as refused:
        parse_name(f"张{character}伟")
    assert f"U+{ord(character):04X}" in str(refused.value)


@pytest.mark.parametrize("name", ["", "张", "x" * 31])
def test_a_name_has_2_to_30_characters(name: str) -> None:
    with pytest.raises(NameLengthError, match="2 to 30"):
        parse_name(name)


def test_length_counts_characters_not_bytes() -> None:
    assert parse_name("龘" * 30) == "龘" * 30


@pytest.mark.parametrize("name", ["12", "··", "- -"])
def test_a_name_needs_a_letter(name: str) -> None:
    with pytest.raises(BadNameError, match="letter"):
        parse_name(name)


def test_the_first_free_number_is_given() -> None:
    assert number_name("张伟", set()) == "张伟"
    assert number_name("张伟", {"张伟"}) == "张伟 2"
    assert number_name("张伟", {"张伟", "张伟 2", "张伟 4"}) == "张伟 3"


def test_a_numbered_name_still_fits_its_column() -> None:
    longest = "x" * NAME_COLUMN
    assert number_name(longest, {longest}) == "x" * (NAME_COLUMN - 2) + " 2"
