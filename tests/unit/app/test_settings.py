import stat
from pathlib import Path

import pytest

from app.settings import ROOT, Settings, SettingsError, load_settings, secret_key

SAFE = {
    "BAIJING_ENV": "production",
    "BAIJING_DATABASE_URL": "postgresql+psycopg://baijing@db/baijing",
    "BAIJING_REDIS_URL": "redis://redis:6379/0",
    "BAIJING_SANDBOX": "docker",
    "BAIJING_SECRET_KEY": "x" * 32,
}


def put(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_production_starts_with_safe_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, SAFE)
    assert load_settings().production


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BAIJING_DATABASE_URL", "sqlite:///x.db"),
        ("BAIJING_REDIS_URL", ""),
        ("BAIJING_SANDBOX", "auto"),
        ("BAIJING_SANDBOX", "bubblewrap"),
        ("BAIJING_SECRET_KEY", ""),
        ("BAIJING_SECRET_KEY", "short"),
    ],
)
def test_production_refuses_what_is_unsafe_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    put(monkeypatch, SAFE | {name: value})
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert "\n" not in str(caught.value)
    put(monkeypatch, {"BAIJING_ALLOW_EMBEDDED": "1"})
    assert load_settings().production


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BAIJING_SANDBOX", "chroot"),
        ("BAIJING_LEASE_SECONDS", "-1"),
        ("BAIJING_PORT", "70000"),
        ("PORT", "http"),
        ("BAIJING_BLOBS_URL", "ftp://x"),
    ],
)
def test_a_wrong_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_the_generated_key_is_private_and_stays(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path / "instance")
    first = secret_key(settings)
    assert len(first) >= 32
    assert secret_key(settings) == first
    mode = (tmp_path / "instance" / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secret_key"]


def test_the_document_lists_exactly_the_settings() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    documented = [
        line.split("`")[1] for line in text.splitlines() if line.startswith("| `BAIJING_")
    ]
    assert documented == [f"BAIJING_{name.upper()}" for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description in text
