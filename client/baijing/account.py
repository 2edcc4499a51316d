"""Where the address and the token of the site are kept: one file that only its owner can read."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from baijing.errors import LocalError, UsageError

OWN_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST: Final = 8


@dataclass(frozen=True, slots=True)
class Account:
    """A site and the token for it, which is in no `repr`."""

    address: str
    token: str = field(repr=False)


def locate(environment: Mapping[str, str]) -> Path:
    """Return the file of the account, in the folder the XDG specification names."""
    home = environment.get("XDG_CONFIG_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".config"
    return base / "baijing" / "account.json"


def check_address(text: str) -> str:
    """Return the address of a site without its trailing slash.

    Raises:
        UsageError: not https, not on this machine, or with a password, query or fragment in it.
    """
    parts = urlsplit(text.strip().rstrip("/"))
    is_near = parts.scheme == "http" and parts.hostname in OWN_MACHINE
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if not (parts.hostname and is_plain and (parts.scheme == "https" or is_near)):
        message = "Only https addresses are used, except on this machine: %(address)s"
        raise UsageError(message, {"address": text})
    return parts.geturl()


def check_token(text: str) -> str:
    """Return a token that can stand in a header.

    Raises:
        UsageError: it is empty, too short or holds what no token holds.
    """
    token = text.strip()
    if len(token) < SHORTEST or not (token.isascii() and token.isprintable()) or " " in token:
        msg = "That is no token."
        raise UsageError(msg)
    return token


def read_account(environment: Mapping[str, str]) -> Account:
    """Return the account from `BAIJING_URL` and `BAIJING_TOKEN`, else from the file.

    Raises:
        UsageError: neither says it all.
        LocalError: the file cannot be read.
    """
    kept = _read(locate(environment))
    address = environment.get("BAIJING_URL") or kept.get("address", "")
    token = environment.get("BAIJING_TOKEN", "")
    if not token and address == kept.get("address"):  # a token goes to its own site alone
        token = kept.get("token", "")
    if not address:
        msg = "Address and token of the site are not known yet: run `baijing login ADDRESS`."
        raise UsageError(msg)
    address = check_address(address)
    if not token:
        msg = "A token is needed: make one at %(address)s/account/tokens, then `baijing login`."
        raise UsageError(
            msg,
            {"address": address},
        )
    return Account(address, check_token(token))


def keep_account(account: Account, environment: Mapping[str, str]) -> Path:
    """Write the account so that nobody else can read it at any moment; return the file.

    Raises:
        LocalError: it cannot be written.
    """
    path = locate(environment)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)  # 0600 from the first byte on
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"address": account.address, "token": account.token}, file)
        Path(name).replace(path)
    except OSError as error:
        raise _local(path, error) from error
    return path


def _read(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _local(path, error) from error
    if not isinstance(kept, dict):
        return {}
    return {key: text for key, text in kept.items() if isinstance(text, str)}


def _local(path: Path, error: Exception) -> LocalError:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return LocalError(
        "%(path)s: cannot be read or written (%(reason)s).", {"path": path, "reason": reason}
    )
