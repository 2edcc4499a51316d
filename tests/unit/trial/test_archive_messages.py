import pytest

from sandbox.archive import ArchiveCode, ArchiveError
from trial.archive_messages import ArchiveMessage

FACTS: dict[str, str | int] = {"bytes": 5 << 20, "limit": 1 << 20, "count": 9, "method": 12}


@pytest.mark.parametrize("code", list(ArchiveCode))
def test_every_refusal_says_itself_in_both_languages(code: ArchiveCode) -> None:
    message = ArchiveMessage(ArchiveError(code, "a/b.txt", FACTS))
    chinese, english = message.render("zh-Hans"), message.render("en")
    assert chinese != english
    assert "{" not in chinese + english
    assert "None" not in english
