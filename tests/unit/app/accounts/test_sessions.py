import pytest

from app.accounts.sessions import own_path


@pytest.mark.parametrize("path", ["/", "/problems/milk-run?board=A", "/a//b", "/submissions/3#log"])
def test_paths_of_this_site_are_followed(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "problems",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/problems\r\nSet-Cookie: a=b",
        " /problems",
    ],
)
def test_everything_else_leads_home(target: str | None) -> None:
    assert own_path(target) == "/"
