"""The few things fetched from the air instead of passed: for views, jobs and commands only."""

import os
import socket
from typing import Final

from flask import Flask, current_app

from app.core.platform import Platform
from app.settings import Settings

_PLATFORM: Final = "baijing-platform"
_SETTINGS: Final = "baijing-settings"
_WORKER: Final = "baijing-worker"


def attach(app: Flask, built: Platform, configured: Settings) -> None:
    """Give an application its platform and its settings."""
    app.extensions[_PLATFORM] = built
    app.extensions[_SETTINGS] = configured


def application() -> Flask:
    """Return the current application itself, for what goes on in a thread."""
    found = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 — Flask documents it
    assert isinstance(found, Flask)
    return found


def platform() -> Platform:
    """Return the platform of the current application."""
    found = current_app.extensions[_PLATFORM]
    assert isinstance(found, Platform)
    return found


def settings() -> Settings:
    """Return the settings of the current application."""
    found = current_app.extensions[_SETTINGS]
    assert isinstance(found, Settings)
    return found


def name_worker(app: Flask, name: str) -> None:
    """Say on behalf of which worker the jobs of this application run."""
    app.extensions[_WORKER] = name


def worker_name() -> str:
    """Return what the claims of this process are signed with: `host:pid[:pool]` of its worker."""
    named = current_app.extensions.get(_WORKER)
    return str(named) if named is not None else f"{socket.gethostname()}:{os.getpid()}"
