from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from app.ui.highlight import highlight_code


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags, self.depth = "", set[str](), 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags |= {tag, *(name for name, _ in attrs)}
        self.depth += 1

    @override
    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", ["a.py", "run.sh", "a.yaml", "a.json", "a.cpp", "none"])
@given(text=st.text(alphabet="<>&\"'#\n{}: =x\u4e2d", max_size=60))
def test_any_text_is_whole_harmless_and_closed_line_by_line(name: str, text: str) -> None:
    lines = highlight_code(name, text)
    said = []
    for line in lines:
        reader = Reader()
        reader.feed(str(line))
        reader.close()
        assert reader.tags <= {"span", "class"}
        assert reader.depth == 0
        said.append(reader.text)
    assert "\n".join(said).rstrip("\n") == text.rstrip("\n")


def test_python_is_coloured_and_what_is_long_stays_plain() -> None:
    assert 'class="hl-k"' in highlight_code("main.py", "def f(): pass")[0]
    assert highlight_code("main.py", "def f(): pass\n" * 20_000)[0] == "def f(): pass"
