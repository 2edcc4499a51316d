"""The formats of a table in the guides for teams are those of the code, in both languages."""

import pytest

from scoring.formats import Format
from tests.unit.docs.blocks import DOCS, check_block, table

SHAPES = {
    Format.CSV: ("a header, one row a line", "首行为表头，每行一条"),
    Format.TSV: ("the same with tabs", "同上，以制表符分隔"),
    Format.JSON: (
        '`[{"id": "a", "score": 0.5}, …]`: an object per row',
        '`[{"id": "a", "score": 0.5}, …]`，每个对象一行',
    ),
    Format.JSON_LINES: (
        '`{"id": "a", "score": 0.5}`: an object per line',
        '`{"id": "a", "score": 0.5}`，每行一个对象',
    ),
    Format.PARQUET: ("flat columns", "不含嵌套列"),
    Format.ARROW: ("file or stream, flat columns", "文件或流，不含嵌套列"),
    Format.NPZ: (
        "`numpy.savez(file, id=…, score=…)`: a one-dimensional array per column, no pickles",
        "`numpy.savez(file, id=…, score=…)`，每列一个一维数组，不接受 pickle",
    ),
    Format.PICTURES: (
        "masks alone: a grey PNG for each id, `a.png`; what is not 0 is the mask",
        "仅限掩码：每个 id 一张灰度 PNG（`a.png`），非 0 即前景",
    ),
}


@pytest.mark.parametrize(
    ("page", "language", "head"),
    [
        ("teams.md", 0, ("format", "extension", "media type", "content")),
        ("zh/teams.md", 1, ("格式", "扩展名", "媒体类型", "内容")),
    ],
)
def test_formats(page: str, language: int, head: tuple[str, ...]) -> None:
    rows = [
        (
            each.label,
            ", ".join(f"`{extension}`" for extension in each.extensions),
            f"`{each.media_type}`",
            SHAPES[each][language],
        )
        for each in Format
    ]
    check_block(DOCS / page, "formats", table(head, rows))
