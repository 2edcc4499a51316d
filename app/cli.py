"""Flask's own command line with our commands: processes, schema, people, problems, the demo."""

import os
import re
import sys

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app import schema
from app.accounts.cli import commands as user_commands
from app.backup import backup, restore
from app.bundles.cli import commands as bundle_commands
from app.compute.cli import commands as gpu_commands
from app.compute.image_cli import commands as image_commands
from app.compute.reporting import default_concurrency, warn_of_memory
from app.core.current import application, platform, settings
from app.demo import commands as demo_commands
from app.factory import create_app
from app.leaderboards.cli import commands as leaderboard_commands
from app.notifications.cli import commands as mail_commands
from app.problems.cli import commands as problem_commands
from app.rescoring.cli import commands as rescore_commands
from app.run_all import run_all
from app.scheduler import run_scheduler
from app.settings import Settings
from app.worker import WorkerHost
from problems.spec import POOL


def build(configured: Settings) -> Flask:
    """Return the application with its commands."""
    app = create_app(configured)
    for command in (
        web,
        worker,
        scheduler,
        run_all,
        db,
        user_commands,
        problem_commands,
        bundle_commands,
        rescore_commands,
        leaderboard_commands,
        mail_commands,
        gpu_commands,
        image_commands,
        demo_commands,
        backup,
        restore,
    ):
        app.cli.add_command(command)
    return app


@click.command("web")
@with_appcontext
def web() -> None:
    """Serve the site with gunicorn."""
    configured = settings()
    arguments = [
        sys.executable,
        "-m",
        "gunicorn",
        "app.wsgi:application",
        f"--bind={configured.host}:{configured.port}",
        f"--workers={configured.web_workers}",
        f"--threads={configured.web_threads}",
        "--worker-class=gthread",
        "--timeout=120",
        "--graceful-timeout=5",
        "--keep-alive=30",
        "--no-control-socket",
    ]
    os.execv(sys.executable, arguments)  # noqa: S606 — our own interpreter, fixed arguments


@click.command("worker")
@click.option("--pool", default="cpu", show_default=True, help="Which queue to work on.")
@click.option(
    "--concurrency",
    default=0,
    type=click.IntRange(0, 256),
    help="Runs at once; 0, as without it, is one per GPU, or one in the pool cpu.",
)
@with_appcontext
def worker(pool: str, concurrency: int) -> None:
    """Evaluate submissions."""
    configured, port = settings(), platform()
    if re.fullmatch(POOL, pool) is None:
        message = "a pool's name is 1 to 32 of a-z, 0-9 and -"
        raise click.BadParameter(message, param_hint="--pool")
    at_once = concurrency or default_concurrency(port.gpus, pool)
    warn_of_memory(port, pool, at_once)
    WorkerHost(configured, port, pool, at_once, lambda: create_app(configured)).run()


@click.command("scheduler")
@with_appcontext
def scheduler() -> None:
    """Sweep: nothing queued is ever lost, stages open and close by themselves."""
    run_scheduler(application(), settings(), platform())


db = AppGroup("db", help="The database schema.")


@db.command("upgrade")
@click.argument("revision", default=schema.HEAD)
def upgrade(revision: str) -> None:
    """Bring the schema to the newest revision."""
    schema.upgrade(platform().database, revision)


@db.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the schema back to a revision."""
    schema.downgrade(platform().database, revision)


@db.command("revision")
@click.argument("message")
def revision(message: str) -> None:
    """Write a migration from the models."""
    schema.create_revision(platform().database, message)


@db.command("check")
def check() -> None:
    """Fail when the schema and the models differ."""
    differences = schema.list_differences(platform().database)
    for difference in differences:
        click.echo(difference, err=True)
    sys.exit(1 if differences else 0)
