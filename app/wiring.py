"""The composition root: the only module that picks implementations."""

import logging
from functools import cache

from app.core.blobs import open_blobs
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.gpus import HostGpus
from app.core.mail import Encryption, Mailer, SmtpMailer
from app.core.platform import Platform, SandboxProvider
from app.core.redis import connect, embedded_url
from app.core.redis_leases import RedisLeases
from app.core.rq_queue import RqQueue
from app.core.sealing import Seal
from app.settings import Settings, secret_key
from sandbox import Sandbox, choose_sandbox

logger = logging.getLogger("baijing.sandbox")


def redis_url(settings: Settings) -> str:
    """Return the Redis in force: the configured one or the embedded one."""
    return settings.redis_url or embedded_url(settings.instance)


def build_platform(settings: Settings) -> Platform:
    """Connect to the real world; nothing is contacted before it is used."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    cache_folder = settings.instance / "cache"
    cache_folder.mkdir(exist_ok=True)
    redis = connect(redis_url(settings))
    return Platform(
        database=Database.connect(settings.database),
        queue=RqQueue(redis),
        clock=SystemClock(),
        blobs=open_blobs(settings.blobs, s3_endpoint=settings.s3_endpoint),
        sandbox=_provide_sandbox(settings),
        leases=RedisLeases(redis),
        gpus=HostGpus(),
        seal=Seal(secret_key(settings)),
        installation=Seal.fingerprint(secret_key(settings)),
        cache=cache_folder,
        mailer=_open_mailer(settings),
    )


def _open_mailer(settings: Settings) -> Mailer | None:
    server = settings.smtp
    if server is None:
        return None
    return SmtpMailer(
        host=server.host,
        port=server.port,
        encryption=Encryption(server.scheme),
        user=server.user,
        password=settings.smtp_password.get_secret_value(),
        sender=settings.mail_from,
        site_url=settings.site_url.rstrip("/"),
    )


def _provide_sandbox(settings: Settings) -> SandboxProvider:
    @cache
    def provide() -> Sandbox:
        chosen, reason = choose_sandbox(
            settings.sandbox.value,
            runtime=settings.sandbox_runtime or None,
            state_dir=settings.instance / "sandbox",
            installation=Seal.fingerprint(secret_key(settings)),
            progress=logger.info,
            warm=settings.sandbox_warm,
        )
        logger.info("sandbox: %s (%s)", chosen.name, reason)
        return chosen

    return provide
