"""Every way a line of requirements.txt can fail has words in both languages."""

import pytest

from sandbox.requirements import Finding, FindingCode
from trial.requirement_messages import KNOWN_CODES, RequirementMessage


def test_every_code_has_words() -> None:
    assert set(FindingCode) == KNOWN_CODES


@pytest.mark.parametrize("code", FindingCode)
def test_both_languages_fill_in_the_facts(code: FindingCode) -> None:
    message = RequirementMessage(Finding(code, 7, "a{b}", "numpy", "2.4.6"), "python-cpu")
    for locale in ("zh-Hans", "en"):
        said = message.render(locale)
        assert "{line}" not in said
        assert "7" in said or code is FindingCode.TOO_LONG
