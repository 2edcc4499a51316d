"""`flask gpu …`: the GPUs that workers have told of, and what is in quarantine."""

from typing import Final

import click
from flask.cli import AppGroup

from app.compute.models import GpuDevice
from app.compute.operations import release_device
from app.compute.queries import list_devices
from app.core.audit import Actor
from app.core.blobs import format_bytes
from app.core.current import platform
from app.core.errors import AppError
from app.core.leases import LeasesUnavailableError

OPERATOR: Final = Actor(None, "command line")

commands = AppGroup("gpu", help="GPUs: list them, take one out of quarantine.")


@commands.command("list")
def list_() -> None:
    """List the GPUs of all hosts: id, host, model, memory in use and in all, state."""
    port = platform()
    with port.database.reading() as session:
        devices = list_devices(session)
    try:
        holders = port.leases.holders([device.uuid for device in devices])
    except LeasesUnavailableError:
        click.echo("Redis does not answer: leases are not shown", err=True)
        holders = {}
    for device in devices:
        memory = f"{format_bytes(device.used_bytes)} of {format_bytes(device.memory_bytes)}"
        state = _state(device, holders.get(device.uuid))
        click.echo(f"{device.uuid}\t{device.host}\t{device.model}\t{memory}\t{state}")


@commands.command("release")
@click.argument("uuid")
def release(uuid: str) -> None:
    """Take a GPU out of quarantine, whatever is on it: what is in use now counts as normal."""
    port = platform()
    try:
        with port.database.transaction() as session:
            release_device(session, uuid, OPERATOR, now=port.clock.now())
    except AppError as error:
        raise click.ClickException(str(error)) from error


def _state(device: GpuDevice, holder: str | None) -> str:
    """Return `free`, `leased by evaluation 7` or `quarantined since …: why`."""
    if device.quarantined_at is not None:
        since = device.quarantined_at.isoformat(timespec="seconds")
        return f"quarantined since {since}: {device.quarantine_reason}"
    if holder is None:
        return "free"
    return f"leased by evaluation {holder.split('/')[1]}" if "/" in holder else f"leased: {holder}"
