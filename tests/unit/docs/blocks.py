"""Parts of the documents that are made from the code, between `begin` and `end` marks."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
REWRITE = "BAIJING_WRITE_DOCS"


def pages() -> list[Path]:
    """Every document people read, the guides in both languages among them."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def read_block(path: Path, name: str) -> str:
    """What stands between the marks of a block."""
    before, found, rest = path.read_text().partition(f"<!-- {name}:begin -->\n")
    assert found, f"{path.name} has no block {name}"
    del before
    inside, closed, _after = rest.partition(f"<!-- {name}:end -->")
    assert closed, f"the block {name} of {path.name} does not end"
    return inside


def check_block(path: Path, name: str, expected: str) -> None:
    """Compare a block with what the code says; with BAIJING_WRITE_DOCS set, write it instead."""
    present = read_block(path, name)
    wanted = f"\n{expected.strip()}\n\n"
    if os.environ.get(REWRITE):
        text = path.read_text()
        begin = f"<!-- {name}:begin -->\n"
        path.write_text(text.replace(f"{begin}{present}", f"{begin}{wanted}"))
        return
    assert present == wanted, f"{path.name}: block {name} is out of date; set {REWRITE}=1"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
