from problems.advice import ADVICE, advise
from problems.issues import CATALOGUE
from problems.report import FINDINGS


def test_every_advice_is_for_a_fault_there_is_and_in_both_languages() -> None:
    assert set(ADVICE) <= set(CATALOGUE) | set(FINDINGS)
    assert all(chinese and english for chinese, english in ADVICE.values())
    assert advise("missing_key", "zh-Hans") != advise("missing_key", "en")
    assert advise("generated", "en") == ""
