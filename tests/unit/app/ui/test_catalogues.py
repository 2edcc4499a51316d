import os
from pathlib import Path

from babel.support import Translations

from app.ui.catalogues import catalogue_path, compile_stale, translation_folders

SOURCE = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "team"
msgstr "队伍"
"""


def test_a_catalogue_is_compiled_when_it_is_newer(tmp_path: Path) -> None:
    path = catalogue_path(tmp_path, "zh_Hans")
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE, "utf-8")
    assert compile_stale([tmp_path, tmp_path / "nothing"]) == 2
    assert compile_stale([tmp_path]) == 0
    os.utime(path, (4_000_000_000, 4_000_000_000))
    assert compile_stale([tmp_path]) == 2
    assert translation_folders([tmp_path, tmp_path / "nothing"]) == [tmp_path / "translations"]
    loaded = Translations.load(tmp_path / "translations", ["zh_Hans"])
    assert loaded.gettext("team") == "队伍"
    derived = Translations.load(tmp_path / "translations", ["zh_Hant"])
    assert derived.gettext("team") == "隊伍"
    assert list(tmp_path.rglob("*.tmp")) == []
