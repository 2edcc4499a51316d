from html.parser import HTMLParser

import pytest
from typing_extensions import override

from app.ui.markdown import render_markdown


class Elements(HTMLParser):
    """Collects what a browser would see as elements and attributes, not as text."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<iframe src='/'></iframe>",
        '<a href="/" style="position:fixed">x</a>',
        r"$\href{javascript:alert(1)}{x}$",
        r"$\text{<script>alert(1)</script>}$",
        "<form action=/sign-out><button>x</button></form>",
    ],
)
def test_nothing_hostile_survives(hostile: str) -> None:
    found = Elements()
    found.feed(render_markdown(hostile))
    assert not found.names & {"script", "iframe", "form", "button", "style"}
    assert not found.attributes & {"href", "style", "onerror", "src"}


def test_tables_and_alignment() -> None:
    html = render_markdown("|a|b|\n|-|-:|\n|1|2|\n")
    assert "<table>" in html
    assert '<td align="right">2</td>' in html


def test_formulas_become_mathml() -> None:
    html = render_markdown("面积 $\\frac{1}{2}$\n\n$$\\sum_i x_i$$\n")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">' in html
    assert 'display="block"' in html
    assert "<mfrac>" in html


@pytest.mark.parametrize("latex", [r"\frac{1", "x" * 3000, r"\left("])
def test_a_formula_that_cannot_be_read_is_shown_as_written(latex: str) -> None:
    html = render_markdown(f"${latex}$")
    assert "<code>" in html or "<math" in html


def test_headings_have_ids_that_imitate_none_of_the_page() -> None:
    assert '<h2 id="s-content">' in render_markdown("## content")
    assert '<h2 id="s-赛题背景">' in render_markdown("## 赛题背景")


def test_links_out_lend_nothing() -> None:
    html = render_markdown("[x](https://example.org/)")
    assert 'rel="noopener noreferrer nofollow"' in html
