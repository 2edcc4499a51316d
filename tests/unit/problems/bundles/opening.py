"""Opens bundles in tests as the platform does."""

import zipfile
from pathlib import Path

import pytest

from problems.bundles.notes import BundleError, Level
from problems.bundles.reading import OpenedBundle, open_bundle
from problems.tools import UnpackError
from tests.factories.bundles import write_folder


def unpack(archive: Path, destination: Path, /) -> None:
    """The sandbox's unpacker is tested where it is; here a plain one will do."""
    try:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(destination)
    except zipfile.BadZipFile as error:
        raise UnpackError(chinese="坏", english="bad") from error


def read(folder: Path, files: dict[str, str] | dict[str, str | bytes]) -> OpenedBundle:
    write_folder(folder / "bundle", files)
    return open_bundle(folder / "bundle", folder / "zips", unpack)


def refused(folder: Path, files: dict[str, str] | dict[str, str | bytes]) -> str:
    """Return what is said, in English, of a bundle that must not be read."""
    with pytest.raises(BundleError) as raised:
        read(folder, files)
    assert any(note.level is Level.ERROR for note in raised.value.notes)
    return str(raised.value)


def said(bundle: OpenedBundle, level: Level) -> list[str]:
    return [note.render("en") for note in bundle.notes if note.level is level]
