"""Which tests run on PostgreSQL too: the list names files that are there, and the option obeys."""

import pytest

from tests.databases import BOTH, ROOT, kinds_for


@pytest.mark.parametrize("name", BOTH)
def test_what_is_listed_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_the_option_chooses() -> None:
    listed, other = ROOT / BOTH[0], ROOT / "unit" / "app" / "test_settings.py"
    assert kinds_for(listed, "chosen") == ("sqlite", "postgres")
    assert kinds_for(other, "chosen") == ("sqlite",)
    assert {kinds_for(path, "sqlite") for path in (listed, other)} == {("sqlite",)}
    assert {kinds_for(path, "postgres") for path in (listed, other)} == {("postgres",)}


def test_the_list_is_in_order() -> None:
    assert sorted(BOTH) == list(BOTH)
    assert len(set(BOTH)) == len(BOTH)
