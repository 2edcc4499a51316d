"""`flask image …`: the images code runs in: what there is, build, check, remove old ones."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from flask.cli import AppGroup

from app.compute.images import map_users
from app.core.blobs import format_bytes
from app.core.current import platform, settings
from sandbox import SandboxError
from sandbox.docker import Engine, ImageStore
from sandbox.docker.images import image_tag
from sandbox.docker.retention import RetentionPolicy, StoredImage, collect_images, list_images
from sandbox.image_check import ImageReport, check_image
from sandbox.recipes import find_recipe, is_by_digest, recipe_names

_FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)
_SLOWEST: Final = 12
_DAY_S: Final = 86_400

commands = AppGroup("image", help="Images code runs in: list, build, check, remove old ones.")


@commands.command("list")
def list_() -> None:
    """List the images: name, state, id, size, age in days, the problems that use it."""
    with platform().database.reading() as session:
        users = map_users(session)
    stored = _stored_images()
    for name in recipe_names():
        built = stored.get(image_tag(find_recipe(name)))
        click.echo("\t".join((name, *_describe(built), ", ".join(users.get(name, ())) or "-")))
    store = _store()
    for name in sorted(filter(is_by_digest, users)):
        click.echo("\t".join((name, _own_state(store, name), ", ".join(users[name]))))


def _stored_images() -> Mapping[str, StoredImage]:
    """Return the images of this machine's engine by tag; without an engine there are none."""
    try:
        return {image.tag: image for image in list_images(Engine())}
    except SandboxError as error:
        _tell(str(error))
        return {}


def _describe(image: StoredImage | None) -> tuple[str, ...]:
    if image is None:
        return ("not built", "-", "-", "-")
    age = f"{(time.time() - image.created_s) / _DAY_S:.1f} d"
    return ("built", image.id.rpartition(":")[2][:12], format_bytes(image.bytes), age)


def _own_state(store: ImageStore, name: str) -> str:
    try:
        return store.find(name).rpartition(":")[2][:12]
    except SandboxError:
        return "not here"


@commands.command("build")
@click.argument("name")
@click.option("--base-image", help="What to build on; without it the public Python, or our own.")
@click.option(
    "--wheels", type=_FOLDER, help="Take every package from this folder: no index is asked."
)
@click.option("--again", is_flag=True, help="Build although it is there, from the beginning.")
def build(name: str, base_image: str | None, wheels: Path | None, again: bool) -> None:  # noqa: FBT001 — click's
    """Build an image, or pull a problem's own by its digest; print its id."""
    store = _store(base_image, wheels)
    with _plain_errors():
        began = time.monotonic()
        digest = store.rebuild(name, _tell) if again else store.ensure(name, _tell)
    _tell(f"{time.monotonic() - began:.0f} s")
    click.echo(digest)


@commands.command("check")
@click.argument("name", default="python-cpu")
def check(name: str) -> None:
    """Run an image's own check: packages, versions, fonts, confinement, start-up times."""
    with _plain_errors():
        recipe = find_recipe(name)
        sandbox = platform().sandbox()
        sandbox.prepare(name, _tell)
        report = check_image(sandbox, recipe)
    show_report(report)
    sys.exit(1 if report.faults else 0)


def show_report(report: ImageReport) -> None:
    """Print what a check found: facts, the slowest imports, then every fault."""
    click.echo(f"image\t{report.image}\t{report.digest}")
    click.echo(f"python\t{report.python}")
    click.echo(f"content\t{report.content}")
    slowest = sorted(report.imports_ms.items(), key=lambda entry: (-entry[1], entry[0]))
    for module, cost in slowest[:_SLOWEST]:
        click.echo(f"import\t{module}\t{cost} ms")
    click.echo(f"imports\t{len(report.imports_ms)} work")
    for fault in report.faults:
        click.echo(f"fault\t{fault}")


@commands.command("prune")
@click.argument("name", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would go, remove nothing.")
@click.option(
    "--days",
    default=RetentionPolicy().keep_days,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Keep what is younger.",
)
@click.option(
    "--keep",
    default=RetentionPolicy().keep_newest,
    show_default=True,
    type=click.IntRange(min=0),
    help="Keep so many of each image in any case.",
)
def prune(name: str | None, dry_run: bool, days: float, keep: int) -> None:  # noqa: FBT001 — click's
    """Remove images that no present recipe makes and no container uses; workers do it hourly."""
    with _plain_errors():
        policy = RetentionPolicy(days, keep)
        gone = collect_images(Engine(), policy, now_s=time.time(), name=name, dry_run=dry_run)
    for one in (*gone.images, *gone.volumes):
        click.echo(one)


def _store(base_image: str | None = None, wheels: Path | None = None) -> ImageStore:
    folder = settings().instance / "sandbox"
    return ImageStore(Engine(), folder, base_image=base_image, wheels=wheels)


def _tell(line: str) -> None:
    click.echo(line, err=True)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except SandboxError as error:
        raise click.ClickException(str(error)) from error
