"""`flask bundle …`: competitions of other platforms from the command line."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from flask.cli import AppGroup

from app.bundles.dumps import export_problem
from app.bundles.operations import import_bundle, opened
from app.bundles.wishes import Report, Wish
from app.core.api import translate
from app.core.audit import Actor
from app.core.current import platform
from app.core.errors import AppError
from app.core.i18n import Locale
from app.problems.hooks import problem_hooks
from problems.bundles.notes import BundleError, Note
from problems.bundles.writing import Choices, name_slugs
from problems.pack import PackError
from problems.spec import Area
from sandbox import SandboxError
from sandbox.archive import ArchiveError
from trial.archive_messages import ArchiveMessage

OPERATOR: Final = Actor(None, "command line")
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_LANGUAGE: Final = click.option(
    "--lang",
    type=click.Choice([locale.value for locale in Locale]),
    default=Locale.EN.value,
    show_default=True,
    help="Language of the messages.",
)
_SLUG: Final = click.option("--slug", default="", help="The name of the problems; else the title.")

commands = AppGroup("bundle", help="Competitions of Codabench, CodaLab and EvalAI.")


@commands.command("check")
@click.argument("file", type=_FILE)
@_SLUG
@_LANGUAGE
def check(file: Path, slug: str, lang: str) -> None:
    """Say what an import would make of a bundle, and what it would leave behind; change nothing."""
    with _plain_errors(lang), opened(platform(), file) as (bundle, _):
        _tell(bundle.notes, lang)
        competition = bundle.competition
        slugs = name_slugs(competition, Choices(slug=slug))
        for name, entry in zip(slugs, competition.entries, strict=True):
            columns = " ".join(column.key for column in entry.columns)
            kind = "code" if entry.takes_code else "predictions"
            click.echo(f"{name}\t{kind}\t{columns}\t{entry.name}")


@commands.command("import")
@click.argument("file", type=_FILE)
@_SLUG
@click.option(
    "--area",
    type=click.Choice([area.value for area in Area]),
    default=Area.DESIGN.value,
    show_default=True,
    help="The area it is listed in; bundles name none.",
)
@click.option("--licence", default=Choices().licence, show_default=True)
@click.option("--contest", metavar="SLUG", help="The contest of new problems.")
@click.option("--update", is_flag=True, help="Give problems that are there a new revision.")
@click.option("--no-trial", is_flag=True, help="Do not score the samples that came along.")
@_LANGUAGE
def import_(  # noqa: PLR0913 — what can be chosen
    *,
    file: Path,
    slug: str,
    area: str,
    licence: str,
    contest: str | None,
    update: bool,
    no_trial: bool,
    lang: str,
) -> None:
    """Publish every problem of a bundle, or none, and say what is not carried over."""
    choices = Choices(slug=slug, area=Area(area), licence=licence)
    wish = Wish(choices, contest=contest, is_update=update, is_tried=not no_trial)
    with _plain_errors(lang):
        report = import_bundle(
            platform(),
            file,
            wish,
            actor=OPERATOR,
            submit_baseline=problem_hooks().submit_baseline,
            say=lambda step, name: click.echo(f"{step} {name}".strip(), err=True),
        )
    _tell(report.notes, lang)
    _show(report, lang)


@commands.command("export")
@click.argument("slug")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to write to; else the present one.",
)
@_LANGUAGE
def export(slug: str, into: Path, lang: str) -> None:
    """Write a problem as a Codabench bundle and as a dump that imports to the same problem.

    Both hold the truths, the dump also the sealed seed: keep them as you keep those. No data of
    teams are in them.
    """
    with _plain_errors(lang):
        made = export_problem(platform(), slug, into, actor=OPERATOR)
    for chinese, english in made.lost:
        said = f"未导出：{chinese}" if lang.startswith("zh") else f"not in the bundle: {english}"
        click.echo(said, err=True)
    click.echo(made.bundle)
    click.echo(made.dump)


def _show(report: Report, lang: str) -> None:
    for made in report.problems:
        for finding in made.findings:
            click.echo(f"{made.slug}: {finding.render(lang)}", err=True)
    for made in report.problems:
        click.echo(f"{made.slug}\trevision {made.revision}")


def _tell(notes: Iterable[Note], lang: str) -> None:
    for note in notes:
        click.echo(note.render(lang), err=True)


@contextmanager
def _plain_errors(lang: str) -> Iterator[None]:
    """Turn what is expected to go wrong into lines on stderr and exit 1."""
    try:
        yield
    except BundleError as error:
        lines = "\n".join(note.render(lang) for note in error.notes)
        raise click.ClickException(lines) from error
    except PackError as error:
        lines = "\n".join(issue.render(lang) for issue in error.issues)
        raise click.ClickException(lines) from error
    except ArchiveError as error:
        raise click.ClickException(ArchiveMessage(error).render(lang)) from error
    except AppError as error:
        raise click.ClickException(translate(error.message, lang, error.params)) from error
    except SandboxError as error:
        raise click.ClickException(str(error)) from error
