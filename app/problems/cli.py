"""`flask problem …`: packs and organiser's settings from the command line."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from flask.cli import AppGroup

from app.core.api import translate
from app.core.audit import Actor
from app.core.current import platform
from app.core.errors import AppError
from app.core.i18n import Locale
from app.problems import operations, queries
from app.problems.checking import check_tools
from app.problems.hooks import problem_hooks
from app.problems.publishing import publish_directory
from problems.check import check_pack
from problems.materialise import MaterialiseError
from problems.new import PackExistsError, create_pack
from problems.pack import PackError
from problems.report import StepReport
from problems.spec import problem_schema
from sandbox import SandboxError

OPERATOR: Final = Actor(None, "command line")
_FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)
_LANGUAGE: Final = click.option(
    "--lang",
    type=click.Choice([locale.value for locale in Locale]),
    default=Locale.EN.value,
    show_default=True,
    help="Language of the messages.",
)

commands = AppGroup("problem", help="Problems: check, publish, list and set.")


@commands.command("check")
@click.argument("directory", type=_FOLDER)
@_LANGUAGE
def check(directory: Path, lang: str) -> None:
    """Try the whole life of a pack; exit 1 when it may not be published."""

    def show(step: StepReport) -> None:
        click.echo(step.render(lang))

    with _plain_errors(lang):
        report = check_pack(directory, check_tools(platform()), show)
    sys.exit(0 if report.is_ok else 1)


@commands.command("publish")
@click.argument("directory", type=_FOLDER)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="Make the data from this seed, which is then public; without it one is drawn and sealed.",
)
@click.option("--contest", metavar="SLUG", help="The contest of a new problem.")
@click.option(
    "--allow-missing-pool",
    is_flag=True,
    help="Publish even where no worker has what runs need; nothing runs until one does.",
)
@_LANGUAGE
def publish(
    *, directory: Path, seed: int | None, contest: str | None, allow_missing_pool: bool, lang: str
) -> None:
    """Publish a pack as a problem or as a new revision of one; its baseline is submitted."""
    with _plain_errors(lang):
        revision = publish_directory(
            platform(),
            directory,
            seed=seed,
            contest_slug=contest,
            actor=OPERATOR,
            progress=lambda line: click.echo(line, err=True),
            require_pool=None if allow_missing_pool else problem_hooks().require_pool,
        )
    commitment = revision.seed_commitment or "-"
    click.echo(f"{revision.problem.slug}\trevision {revision.number}\tseed SHA-256 {commitment}")


@commands.command("list")
def list_() -> None:
    """List the problems: slug, revision, stages, submissions a day, title."""
    now = platform().clock.now()
    with platform().database.reading() as session:
        for problem in queries.list_all_problems(session):
            stages = " ".join(f"{stage.key}:{stage.state(now)}" for stage in problem.stages)
            withdrawn = "" if problem.withdrawn_at is None else " withdrawn"
            fields = (
                problem.slug,
                f"r{problem.revision_number}",
                stages + withdrawn,
                str(problem.submissions_per_day),
                problem.title["zh-Hans"],
            )
            click.echo("\t".join(fields))


@commands.command("set")
@click.argument("slug")
@click.argument("name")
@click.argument("value")
@_LANGUAGE
def set_(slug: str, name: str, value: str, lang: str) -> None:
    """Change a setting of a problem, as submissions_per_day.

    The others are team_size, tie_rule, withdrawn, a.opens_at, a.closes_at, b.opens_at, b.closes_at
    and the rules of the boards: counts, choices, divisions, tie_columns, hidden_columns, refresh,
    freeze_hours, visible_to, ladder, ladder_step.
    Times are RFC 3339, or Beijing's `YYYY-MM-DD HH:MM` (24:00 is allowed), `now` or `never`.
    """
    now = platform().clock.now()
    with _plain_errors(lang), platform().database.transaction() as session:
        problem = queries.get_problem(session, slug)
        operations.set_setting(session, problem, name, value, actor=OPERATOR, now=now)


@commands.command("new")
@click.argument("slug")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("problems"),
    show_default=True,
    help="The folder to make it in.",
)
@click.option(
    "--metric",
    help="Begin with the columns and parameters of this metric, and data to replace.",
)
def new(slug: str, into: Path, metric: str | None) -> None:
    """Scaffold a pack that passes the check; print its folder."""
    try:
        click.echo(create_pack(slug, into, metric))
    except PackExistsError as error:
        message = f"{error} exists"
        raise click.ClickException(message) from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error


@commands.command("schema")
def schema() -> None:
    """Print the JSON Schema of problem.yaml."""
    click.echo(json.dumps(problem_schema(), ensure_ascii=False, indent=2))


@contextmanager
def _plain_errors(lang: str) -> Iterator[None]:
    """Turn what is expected to go wrong into lines on stderr and exit 1."""
    try:
        yield
    except PackError as error:
        lines = "\n".join(issue.render(lang) for issue in error.issues)
        raise click.ClickException(lines) from error
    except MaterialiseError as error:
        raise click.ClickException(f"{error}\n{error.log}".strip()) from error
    except AppError as error:
        said = translate(error.message, lang, error.params)
        raise click.ClickException(said) from error
    except SandboxError as error:
        raise click.ClickException(str(error)) from error
