"""Configuration: read once from the environment (prefix `BAIJING_`), validated, frozen."""

import logging
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT: Final = Path(__file__).resolve().parent.parent
KEY_FILE: Final = "secret_key"
_SHORTEST_KEY: Final = 32
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Environment(StrEnum):
    """Where the platform runs; `production` refuses unsafe settings."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SandboxChoice(StrEnum):
    """Which sandbox runs untrusted code."""

    AUTO = "auto"
    DOCKER = "docker"
    BUBBLEWRAP = "bubblewrap"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server's address, taken apart."""

    scheme: str
    """`smtp`, `smtp+tls` or `smtps`."""
    host: str
    port: int
    user: str


_SMTP_PORTS: Final = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def parse_smtp(url: str) -> SmtpServer:
    """Take a mail server's address apart.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SMTP_PORTS or not parts.hostname or parts.password is not None:
        raise ValueError(url)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(url)
    port = parts.port or _SMTP_PORTS[parts.scheme]
    return SmtpServer(parts.scheme, parts.hostname, port, unquote(parts.username or ""))


class SettingsError(Exception):
    """Settings are wrong; `str(error)` has one line for each that an operator can act on."""


class Settings(BaseSettings):
    """Every setting. `docs/settings.md` lists the same names; a test keeps them equal."""

    model_config = SettingsConfigDict(env_prefix="BAIJING_", frozen=True, extra="ignore")

    env: Environment = Field(
        default=Environment.DEVELOPMENT, description="`production` refuses unsafe settings."
    )
    allow_embedded: bool = Field(
        default=False,
        description="Lets production run on SQLite, embedded Redis, bubblewrap, a generated key.",
    )
    instance: Path = Field(
        default=ROOT / "instance",
        description="Folder of the database, blobs, caches, key and sockets on this machine.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL; empty means SQLite (WAL) under the instance folder.",
    )
    redis_url: str = Field(
        default="", description="`redis://…`; empty means the embedded server that run-all starts."
    )
    blobs_url: str = Field(
        default="",
        description="`file:///…` or `s3://bucket/prefix`; empty means the instance folder.",
    )
    s3_endpoint: str = Field(default="", description="Endpoint of an S3-compatible store.")
    sandbox: SandboxChoice = Field(
        default=SandboxChoice.AUTO, description="`auto`, `docker` or `bubblewrap`."
    )
    sandbox_runtime: str = Field(
        default="",
        description="Container runtime: empty is the engine's default; `runsc` is gVisor.",
    )
    sandbox_warm: int = Field(
        default=2,
        ge=0,
        le=64,
        description="Containers at most that wait ready for runs of one kind; 0: none.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs cookies and seals seeds; required in production, else generated.",
    )
    host: str = Field(default="127.0.0.1", description="Address the web server binds.")
    port: int = Field(
        default=8000,
        ge=1,
        le=65535,
        description="Port the web server binds; plain `PORT` is read too.",
        validation_alias=AliasChoices("BAIJING_PORT", "PORT"),
    )
    web_workers: int = Field(default=2, ge=1, le=64, description="Web server processes.")
    web_threads: int = Field(default=8, ge=1, le=128, description="Threads per web process.")
    trusted_proxies: int = Field(
        default=0, ge=0, le=8, description="Reverse proxies in front whose forwarded headers count."
    )
    trusted_hosts: str = Field(
        default="",
        description="Host names the site answers to, separated by commas; empty answers to any.",
    )
    secure_cookies: bool = Field(
        default=False, description="Send cookies over HTTPS only; always on in production."
    )
    lease_seconds: float = Field(
        default=12.0, gt=0, description="A claim whose worker is silent this long is given away."
    )
    heartbeat_seconds: float = Field(
        default=2.0, gt=0, description="How often a worker renews its claim and looks for a cancel."
    )
    sweep_seconds: float = Field(
        default=3.0, gt=0, description="How often the scheduler looks for lost or due work."
    )
    max_upload_bytes: int = Field(
        default=2 << 30, gt=0, description="Largest request body; a problem's own limit is smaller."
    )
    unfinished_upload_bytes: int = Field(
        default=4 << 30,
        gt=0,
        description="What a team's unfinished resumable uploads to a problem may take together.",
    )
    api_rate: str = Field(
        default="600 per minute", description="API calls per token, or per address without one."
    )
    sign_in_rate: str = Field(
        default="10 per minute", description="Sign-in attempts per address and per account."
    )
    debug_runs_per_hour: int = Field(
        default=5, ge=0, description="Try runs per team and problem; 0 switches them off."
    )
    sign_up_open: bool = Field(default=True, description="Whether anybody may create an account.")
    site_url: str = Field(
        default="",
        description=(
            "Address that people open the site at, as `https://…`: for links in mails and for the"
            " pictures of shared links."
        ),
    )
    smtp_url: str = Field(
        default="",
        description=(
            "Mail server: `smtps://user@host`, `smtp+tls://user@host:587` or, within a trusted"
            " network, `smtp://host:25`; empty sends no mails."
        ),
    )
    smtp_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the user in the mail server's address."
    )
    mail_from: str = Field(
        default="", description="Sender of mails, as `百景大赛 <noreply@example.org>`."
    )

    @field_validator("instance")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.env is Environment.PRODUCTION and not self.allow_embedded:
            unsafe = list(_unsafe(self))
            if unsafe:
                raise ValueError("\n".join(unsafe))
        return self

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Self:
        if self.smtp_url:
            wrong = list(_incomplete_mail(self))
            if wrong:
                raise ValueError("\n".join(wrong))
        return self

    @property
    def smtp(self) -> SmtpServer | None:
        """The mail server in force, or None."""
        return parse_smtp(self.smtp_url) if self.smtp_url else None

    @property
    def production(self) -> bool:
        """Whether the platform runs for real."""
        return self.env is Environment.PRODUCTION

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.instance / 'baijing.db'}"

    @property
    def blobs(self) -> str:
        """The blob store's URL in force."""
        return self.blobs_url or (self.instance / "blobs").as_uri()

    @property
    def embedded_redis(self) -> bool:
        """Whether run-all has to start a Redis of its own."""
        return not self.redis_url


def _unsafe(settings: Settings) -> "list[str]":
    checks = {
        "BAIJING_DATABASE_URL must name a PostgreSQL server in production": (
            not settings.database_url.startswith("postgresql")
        ),
        "BAIJING_REDIS_URL must name a Redis server in production": not settings.redis_url,
        "BAIJING_SANDBOX must be docker in production": (
            settings.sandbox is not SandboxChoice.DOCKER
        ),
        f"BAIJING_SECRET_KEY must be set in production, {_SHORTEST_KEY} characters or more": (
            len(settings.secret_key.get_secret_value()) < _SHORTEST_KEY
        ),
    }
    return [message for message, broken in checks.items() if broken]


def _incomplete_mail(settings: Settings) -> Iterator[str]:
    try:
        server = parse_smtp(settings.smtp_url)
    except ValueError:
        yield (
            "BAIJING_SMTP_URL must be smtps://user@host, smtp+tls://user@host:587 or"
            " smtp://host:25; the password goes into BAIJING_SMTP_PASSWORD"
        )
    else:
        if server.scheme == "smtp" and server.user and server.host not in _THIS_MACHINE:
            yield "BAIJING_SMTP_URL: a password is sent over smtps:// or smtp+tls:// only"
    site = urlsplit(settings.site_url)
    if site.scheme not in {"http", "https"} or not site.hostname or site.query:
        yield "BAIJING_SITE_URL must be the site's address, https://…, where mails are sent"
    address = parseaddr(settings.mail_from)[1]
    if "@" not in address.strip("@") or not settings.mail_from.isprintable():
        yield "BAIJING_MAIL_FROM must be an address, where mails are sent"


def load_settings() -> Settings:
    """Read and validate the settings.

    Raises:
        SettingsError: naming each wrong variable in a line of its own.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from error
    scheme = urlsplit(settings.blobs).scheme
    if scheme not in {"file", "s3"}:
        message = f"BAIJING_BLOBS_URL: {scheme!r} is not supported; use file:// or s3://"
        raise SettingsError(message)
    return settings


def settings_or_exit() -> Settings:
    """Read the settings, or end with status 2 and one line on what is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its plug-ins at import
    try:
        return load_settings()
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"baijing: {line}", file=sys.stderr)  # noqa: T201 — no logger is configured yet
        raise SystemExit(2) from error


def _one_line(error: ValidationError) -> str:
    parts = []
    for issue in error.errors():
        name = "BAIJING_" + "_".join(str(part) for part in issue["loc"]).upper().removeprefix(
            "BAIJING_"
        )
        text = issue["msg"].removeprefix("Value error, ")
        parts.append(f"{name}: {text}" if issue["loc"] else text)
    return "\n".join(parts)


def secret_key(settings: Settings) -> str:
    """Return the configured key, or the one generated once into the instance folder."""
    configured = settings.secret_key.get_secret_value()
    if configured:
        return configured
    path = settings.instance / KEY_FILE
    settings.instance.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            path.hardlink_to(fresh)  # of two first starts at once, one key wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
