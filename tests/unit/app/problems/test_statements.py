from app.problems.page_models import page_parts
from app.problems.statements import find_rules, split_statement

TITLES = {"files": "数据下载", "schedule": "赛程安排"}


def test_a_statement_is_cut_at_its_headings() -> None:
    parts = split_statement(
        "intro\n\n## 赛题背景\n\nwhy\n\n### deeper\n\nmore\n\n## 规则 ##\n\n- one"
    )
    assert [(part.title, part.anchor, part.body) for part in parts] == [
        ("", "part-0", "intro"),
        ("赛题背景", "background", "why\n\n### deeper\n\nmore"),
        ("规则", "rules", "- one"),
    ]


def test_headings_in_code_and_quotes_do_not_count() -> None:
    text = "## Task\n\n```\n## Rules\n```\n\n    ## Data\n\n> ## Metrics\n\nUnderlined\n---\n\nend"
    parts = split_statement(text)
    assert [part.anchor for part in parts] == ["task", "part-2"]
    assert parts[1].title == "Underlined"
    assert parts[1].body == "end"


def test_a_statement_without_headings_is_one_part() -> None:
    assert [part.body for part in split_statement("just text")] == ["just text"]
    assert split_statement("") == ()
    assert find_rules("just text") == "just text"
    assert find_rules("## Task\n\nx\n\n## Rules\n\nfair") == "fair"


def test_files_and_schedule_have_their_places_even_where_the_statement_has_none() -> None:
    text = "## 数据说明\n\na\n\n## 提交说明\n\nb\n\n## 规则\n\nc"
    assert [part.anchor for part in page_parts(text, TITLES)] == [
        "data",
        "files",
        "submission",
        "schedule",
        "rules",
    ]
    assert [part.anchor for part in page_parts("text", TITLES)] == ["part-0", "files", "schedule"]
