"""Every direct dependency stands in docs/dependencies.md with its reason, and nothing else does."""

import re

from tests.unit.docs.blocks import DOCS, ROOT, read_block

NAME = re.compile(r"^([a-z0-9][a-z0-9-]*)")
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
GPL = re.compile(r"^A?GPL")


def required(name: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    return {found[1] for line in lines if (found := NAME.match(line))}


def explained(block: str) -> dict[str, tuple[str, str]]:
    rows = ROW.findall(read_block(DOCS / "dependencies.md", block))
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: (reason.strip(), licence.strip()) for name, reason, licence in rows}


def test_what_the_platform_runs_on_is_explained() -> None:
    assert set(explained("app")) == required("app")


def test_what_developers_need_is_explained() -> None:
    assert set(explained("dev")) == required("dev")


def test_every_reason_and_licence_is_given() -> None:
    for name, (reason, licence) in {**explained("app"), **explained("dev")}.items():
        assert len(reason) > 10, name
        assert licence, name


def test_nothing_shipped_is_under_a_licence_that_spreads() -> None:
    assert [name for name, (_, licence) in explained("app").items() if GPL.match(licence)] == []
