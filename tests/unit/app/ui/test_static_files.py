import gzip
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.ui.static_files import FOLDER, StaticFiles, read_tree


def make(folder: Path) -> Path:
    (folder / "css/site").mkdir(parents=True)
    (folder / "css/site/20-b.css").write_text("b{}")
    (folder / "css/site/10-a.css").write_text("a{}")
    (folder / "site.js").write_text("x" * 600)
    return folder


def test_parts_are_joined_in_order_and_large_files_packed(tmp_path: Path) -> None:
    tree = read_tree(make(tmp_path))
    assert tree.files["css/site.css"].content.decode().splitlines() == [
        "@layer tokens, base, site, print;",
        *("@layer tokens {", "a{}", "}", "@layer base {", "b{}", "}"),
    ]
    assert tree.files["css/site.css"].packed == b""
    assert gzip.decompress(tree.files["site.js"].packed) == b"x" * 600
    assert tree.files.keys() == {"css/site.css", "site.js"}


def test_any_change_changes_the_version(tmp_path: Path) -> None:
    folder = make(tmp_path)
    before = read_tree(folder).version
    (folder / "css/site/10-a.css").write_text("c{}")
    assert read_tree(folder).version != before


@pytest.mark.parametrize("watch", [True, False])
def test_changes_are_noticed_where_they_are_watched(tmp_path: Path, watch: bool) -> None:
    files = StaticFiles(make(tmp_path), watch=watch)
    before = files.tree().version
    (tmp_path / "new.js").write_text("y")
    assert (files.tree().version != before) is watch


def test_files_are_kept_for_a_year_under_their_version_alone(
    app: Flask, client: FlaskClient
) -> None:
    with app.test_request_context():
        url = app.jinja_env.globals["asset"]("css/site.css")  # type: ignore[operator]
    fresh = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert fresh.mimetype == "text/css"
    assert fresh.headers["Content-Encoding"] == "gzip"
    assert "immutable" in fresh.headers["Cache-Control"]
    old = client.get("/static/000000000000/css/site.css")
    assert old.headers["Cache-Control"] == "no-cache"
    assert gzip.decompress(fresh.data) == old.data
    assert client.get("/static/x/../../edge.py").status_code == 404
    assert client.get("/static/x/css/none.css").status_code == 404


def test_an_asset_that_is_not_there_is_a_mistake_of_ours(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(KeyError):
        app.jinja_env.globals["asset"]("css/none.css")  # type: ignore[operator]


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in FOLDER.rglob("*.*"):
        text = path.read_text("utf-8").replace("http://www.w3.org/", "")
        assert "http://" not in text, path
        assert "https://" not in text, path


def test_all_scripts_together_weigh_less_than_a_page_may_load() -> None:
    """No page loads more than all of them; the limit is 100 KB compressed, with room to spare."""
    files = read_tree(FOLDER).files
    scripts = {name: one for name, one in files.items() if name.endswith(".js")}
    assert len(scripts) > 5
    assert sum(len(one.packed or one.content) for one in scripts.values()) < 60_000


def test_no_page_names_a_script_of_its_own_or_of_somebody_else() -> None:
    templates = (FOLDER.parents[1]).rglob("*.html")
    named = {
        found
        for template in templates
        for found in re.findall(r"<script[^>]*>", template.read_text())
    }
    assert named == {"""<script type="module" src="{{ asset('js/site.js') }}">"""}
