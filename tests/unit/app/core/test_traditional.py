import pytest

from app.core.i18n import Locale, choose_markdown, choose_text
from app.core.traditional import convert, markdown_to_traditional, reviewed, to_traditional
from app.problems.statements import ANCHORS
from problems.statements import HEADINGS


@pytest.mark.parametrize(
    ("simplified", "traditional"),
    [
        ("赛题数据在服务器上", "賽題資料在伺服器上"),
        ("头发与发布", "頭髮與發布"),
        ("设备维护：参数、账号、质检", "設備維護：參數、帳號、品檢"),
        ("Baseline 0.5 %(n)s", "Baseline 0.5 %(n)s"),
        ("", ""),
    ],
)
def test_words_are_those_of_the_reader(simplified: str, traditional: str) -> None:
    assert to_traditional(simplified) == traditional


def test_our_words_go_before_those_of_the_dictionary() -> None:
    assert convert("参数") != reviewed()["参数"]
    assert to_traditional("参数") == reviewed()["参数"]


def test_code_in_markdown_keeps_its_names() -> None:
    said = "读取 `数据/训练.csv` 中的数据：\n\n```python\nopen('数据.csv')  # 读取\n```\n\n读取完毕"
    assert markdown_to_traditional(said) == (
        "讀取 `数据/训练.csv` 中的資料：\n\n```python\nopen('数据.csv')  # 读取\n```\n\n讀取完畢"
    )


def test_an_unclosed_fence_hides_nothing() -> None:
    assert markdown_to_traditional("```\n读取") == "```\n讀取"


def test_texts_are_made_from_simplified_and_english_stays() -> None:
    texts = {"zh-Hans": "轴承 `轴承`", "en": "Bearings"}
    assert choose_text(texts, Locale.ZH_HANT) == "軸承 `軸承`"
    assert choose_markdown(texts, Locale.ZH_HANT) == "軸承 `轴承`"
    assert choose_markdown(texts, Locale.ZH_HANS) == "轴承 `轴承`"
    assert choose_text({"en": "Bearings"}, Locale.ZH_HANT) == "Bearings"
    assert choose_text({}, Locale.ZH_HANT) == ""


def test_the_parts_of_a_statement_have_the_same_addresses() -> None:
    for heading in HEADINGS["zh-Hans"]:
        assert ANCHORS[markdown_to_traditional(heading)] == ANCHORS[heading]
