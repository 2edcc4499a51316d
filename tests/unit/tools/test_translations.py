from pathlib import Path

import pytest

from tools import translations

PYTHON = "from app.core.i18n import N_\nfrom flask_babel import gettext as _, lazy_gettext as _l\n"


@pytest.fixture
def feature(tmp_path: Path) -> Path:
    folder = tmp_path / "app" / "quality"
    (folder / "templates/quality").mkdir(parents=True)
    (folder / "views.py").write_text(PYTHON + 'A = N_("Two teams")\nB = _l("Lazy")\n', "utf-8")
    (folder / "templates/quality/x.html").write_text(
        "{{ _('%(n)s teams', n=3) }}{% trans %} Some\n  text {% endtrans %}", "utf-8"
    )
    return folder


def fill(feature: Path, **texts: str) -> Path:
    path: Path = translations.catalogues.catalogue_path(feature, "zh_Hans")
    text = path.read_text("utf-8")
    for source, target in texts.items():
        name = source.replace("_", " ")
        assert f'msgid "{name}"\nmsgstr ""' in text
        text = text.replace(f'msgid "{name}"\nmsgstr ""', f'msgid "{name}"\nmsgstr "{target}"')
    path.write_text(text, "utf-8")
    return path


def fill_all(feature: Path) -> Path:
    translations.update(feature)
    path = fill(feature, Two_teams="两支队伍", Lazy="惰性", Some_text="一段文字")
    text = path.read_text("utf-8")
    path.write_text(
        text.replace(
            'msgid "%(n)s teams"\nmsgstr ""', 'msgid "%(n)s teams"\nmsgstr "%(n)s 支队伍"'
        ),
        "utf-8",
    )
    return path


def test_a_complete_catalogue_passes_and_stays_as_it_is(feature: Path) -> None:
    path = fill_all(feature)
    assert list(translations.check(feature)) == []
    before = path.read_text("utf-8")
    translations.update(feature)
    assert path.read_text("utf-8") == before
    assert "Date" not in before


def test_untranslated_texts_are_named(feature: Path) -> None:
    translations.update(feature)
    assert len(list(translations.check(feature))) == 4


def test_a_feature_without_a_catalogue_misses_everything(feature: Path) -> None:
    assert all(": missing: " in fault for fault in translations.check(feature))


def test_new_texts_are_missing_and_old_ones_obsolete_until_updated(feature: Path) -> None:
    fill_all(feature)
    (feature / "views.py").write_text(PYTHON + 'A = N_("Three teams")\nB = _l("Lazy")\n', "utf-8")
    faults = list(translations.check(feature))
    assert [fault.split(": ")[1] for fault in faults] == ["missing", "obsolete"]
    translations.update(feature)
    assert list(translations.check(feature)) == [
        "app/quality [zh_Hans]: not translated: 'Three teams'"
    ]


def test_placeholders_must_be_the_source_s(feature: Path) -> None:
    path = fill_all(feature)
    path.write_text(path.read_text("utf-8").replace("%(n)s 支队伍", "%(m)s 支队伍"), "utf-8")
    (fault,) = translations.check(feature)
    assert "other placeholders" in fault


def test_fuzzy_is_not_good_enough(feature: Path) -> None:
    path = fill_all(feature)
    path.write_text(
        path.read_text("utf-8").replace('msgid "Lazy"', '#, fuzzy\nmsgid "Lazy"'), "utf-8"
    )
    (fault,) = translations.check(feature)
    assert fault.endswith("fuzzy: 'Lazy'")


def test_two_features_must_say_the_same(feature: Path, tmp_path: Path) -> None:
    fill_all(feature)
    other = tmp_path / "app" / "other"
    other.mkdir()
    (other / "views.py").write_text(PYTHON + 'A = N_("Two teams")\n', "utf-8")
    translations.update(other)
    fill(other, Two_teams="两个队")
    (fault,) = translations.check_agreement([feature, other])
    assert "'两支队伍' in quality, '两个队' in other" in fault


def test_the_command_fails_on_a_fault(feature: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert translations.main(["update", str(feature)]) == 0
    assert translations.main(["check", str(feature)]) == 1
    assert "not translated" in capsys.readouterr().err
    fill_all(feature)
    assert translations.main(["check", str(feature)]) == 0
    assert translations.main(["compile", str(feature)]) == 0
    assert "compiled 2" in capsys.readouterr().out
