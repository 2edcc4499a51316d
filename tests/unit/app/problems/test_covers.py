from xml.etree import ElementTree as ET

import pytest

from app.problems.covers import CoverError, clean_svg, draw_cover
from app.problems.models import Area

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" {0}>{1}</svg>'
)


def parse(svg: str | bytes) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 — what is parsed here was cleaned


def clean(inside: str, attributes: str = "") -> str:
    return clean_svg(SVG.format(attributes, inside).encode()).decode()


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<a href="https://example.org"><rect/></a>',
        '<image href="https://example.org/x.png"/>',
        '<use href="https://example.org/x.svg#y"/>',
        '<use xlink:href="data:image/svg+xml;base64,AAAA#x"/>',
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>example.org</p></foreignObject>",
        "<style>@import url(https://example.org/x.css)</style>",
        '<rect style="fill:url(https://example.org/x)"/>',
        '<rect fill="url(https://example.org/x#y)"/>',
        '<rect fill="u\\72l(https://example.org)"/>',
        '<rect fill="javascript:alert(1)"/>',
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        '<set attributeName="onclick" to="alert(1)"/>',
        '<handler xmlns="http://www.w3.org/2001/xml-events">alert(1)</handler>',
        '<?xml-stylesheet href="https://example.org/x.css"?><rect/>',
        "<!-- example.org --><rect/>",
    ],
)
def test_nothing_that_acts_or_loads_is_kept(inside: str) -> None:
    cleaned = clean(inside)
    for trace in ("alert", "example.org", "javascript", "data:", "@import", "onload", "<?xml-"):
        assert trace not in cleaned
    parse(cleaned)


def test_shapes_text_and_local_references_are_kept() -> None:
    inside = (
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs>'
        '<g transform="scale(2)"><path d="M0 0h1" fill="url(#g)"/><use href="#g"/></g>'
        "<text>百景</text>"
    )
    root = parse(clean(inside, 'viewBox="0 0 9 9"'))
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names == ["svg", "defs", "linearGradient", "stop", "g", "path", "use", "text"]
    assert root.get("viewBox") == "0 0 9 9"
    assert root[1][0].get("fill") == "url(#g)"
    assert root[1][1].get("href") == "#g"
    assert root[2].text == "百景"


def test_cleaning_twice_changes_nothing() -> None:
    once = clean('<rect width="9" height="9"/>').encode()
    assert clean_svg(once) == once


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"<svg",
        b"<html/>",
        b"<svg/>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b"< !ENTITY",
        '<?xml version="1.0" encoding="utf-16"?><svg xmlns="http://www.w3.org/2000/svg"/>'.encode(
            "utf-16"
        ),
        b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * 60 + b"</g>" * 60 + b"</svg>",
        b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g/>" * 5001 + b"</svg>",
        b'<svg xmlns="http://www.w3.org/2000/svg">' + b" " * 200_000 + b"</svg>",
    ],
)
def test_what_is_no_small_plain_svg_is_refused(source: bytes) -> None:
    with pytest.raises(CoverError):
        clean_svg(source)


@pytest.mark.parametrize("area", Area)
def test_a_drawn_cover_is_clean_itself(area: Area) -> None:
    drawn = draw_cover(area, "a-problem-with-quite-a-long-name")
    parse(drawn)
    assert b"#" in clean_svg(drawn)
