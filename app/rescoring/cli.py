"""`flask rescore …`: change a truth, a metric or a scorer for what was handed in before."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.queries import find_user
from app.contests.operations import Notice
from app.core.api import translate
from app.core.audit import Actor
from app.core.current import platform
from app.core.errors import AppError
from app.core.i18n import Locale
from app.problems.checking import check_tools
from app.problems.preparing import prepare_pack
from app.problems.publishing import stage as stage_revision
from app.problems.queries import get_problem
from app.rescoring import operations, queries
from app.rescoring.policy import can_publish_rescore
from problems.check import check_pack
from problems.materialise import MaterialiseError
from problems.pack import PackError
from problems.report import StepReport
from sandbox import SandboxError

OPERATOR: Final = Actor(None, "command line")
_FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)

commands = AppGroup("rescore", help="Re-scores: stage, follow, publish and discard them.")


@commands.command("stage")
@click.argument("slug")
@click.argument("directory", type=_FOLDER)
@click.option("--reason", required=True, help="Why, in a sentence; the audit log keeps it.")
def stage(slug: str, directory: Path, reason: str) -> None:
    """Check a pack and stage it for a re-score of a problem; print the re-score's number."""
    port = platform()
    with _plain_errors():
        report = check_pack(directory, check_tools(port), _show_on_stderr)
        if not report.is_ok:
            sys.exit(1)
        prepared = prepare_pack(port, directory, seed=None, progress=lambda _step: None)
        now = port.clock.now()
        with port.database.transaction() as session:
            revision = stage_revision(session, prepared, slug, now=now)
            rescore = operations.stage_rescore(session, revision, reason, OPERATOR, now=now)
    click.echo(rescore.id)


@commands.command("list")
@click.argument("slug")
def list_(slug: str) -> None:
    """List the re-scores of a problem: number, state, revision, when it was staged, why."""
    with _plain_errors(), platform().database.reading() as session:
        for one in queries.list_rescores(session, get_problem(session, slug)):
            fields = (str(one.id), one.state.value, f"r{one.revision.number}")
            click.echo(
                "\t".join((*fields, one.staged_at.isoformat(), " ".join(one.reason.split())))
            )


@commands.command("status")
@click.argument("number", type=int)
def status(number: int) -> None:
    """Print how far a re-score has come, one `name<tab>value` a line."""
    with _plain_errors(), platform().database.reading() as session:
        rescore = queries.get_rescore(session, number)
        progress = queries.get_progress(session, rescore)
        moves = [
            queries.count_moves(session, rescore, stage.key) for stage in rescore.problem.stages
        ]
    for name in ("total", "done", "running", "faults", "reused", "newly_failing", "newly_passing"):
        click.echo(f"{name}\t{getattr(progress, name)}")
    for move in moves:
        click.echo(f"moved_{move.board}\t{move.up + move.down + move.comes + move.goes}")
    click.echo(f"state\t{rescore.state.value}")


@commands.command("publish")
@click.argument("number", type=int)
@click.option("--as", "email", required=True, help="The organiser who publishes and announces.")
@click.option("--title", required=True, help="The announcement's title.")
@click.option("--text", required=True, type=click.File("r"), help="Its Markdown; - is stdin.")
def publish(number: int, email: str, title: str, text: TextIO) -> None:
    """Put new scores in force and announce them, in one transaction."""
    port, notice = platform(), Notice(title, text.read())
    with _plain_errors(), port.database.transaction() as session:
        rescore = queries.get_rescore(session, number)
        author = _organiser(session, email)
        operations.publish_rescore(session, rescore, author, notice, now=port.clock.now())
        slug, revision = rescore.problem.slug, rescore.revision.number
    click.echo(f"{slug}\trevision {revision}")


@commands.command("retry")
@click.argument("number", type=int)
def retry(number: int) -> None:
    """Score again what failed by the scorer's fault or the platform's; print how many."""
    with _plain_errors(), platform().database.transaction() as session:
        rescore = queries.get_rescore(session, number)
        click.echo(operations.retry_faults(session, rescore))


@commands.command("discard")
@click.argument("number", type=int)
def discard(number: int) -> None:
    """Drop a re-score; only the audit log remembers it."""
    port = platform()
    with _plain_errors(), port.database.transaction() as session:
        rescore = queries.get_rescore(session, number)
        operations.discard_rescore(session, rescore, OPERATOR, now=port.clock.now())


def _organiser(session: Session, email: str) -> User:
    user = find_user(session, email)
    if user is None or not can_publish_rescore(user):
        message = f"{email} is no organiser"
        raise click.ClickException(message)
    return user


def _show_on_stderr(step: StepReport) -> None:
    click.echo(step.render(Locale.EN.value), err=True)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what is expected to go wrong into lines on stderr and exit 1."""
    try:
        yield
    except PackError as error:
        lines = "\n".join(issue.render(Locale.EN.value) for issue in error.issues)
        raise click.ClickException(lines) from error
    except MaterialiseError as error:
        raise click.ClickException(f"{error}\n{error.log}".strip()) from error
    except AppError as error:
        said = translate(error.message, Locale.EN.value, error.params)
        raise click.ClickException(said) from error
    except SandboxError as error:
        raise click.ClickException(str(error)) from error
