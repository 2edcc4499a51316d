"""`flask mail …`: see whether mails arrive, and what waits."""

import click
from flask.cli import AppGroup

from app.core.current import platform
from app.core.mail import MailRefusedError, MailServerError
from app.notifications import queries
from app.notifications.mails import write_test_mail
from app.notifications.models import MailState

commands = AppGroup("mail", help="Mails: a test, and what waits to be sent.")


@commands.command("test")
@click.argument("address")
def send_test(address: str) -> None:
    """Send a test mail to ADDRESS over the server that is set."""
    port = platform()
    if port.mailer is None:
        message = "no mail server is set: see BAIJING_SMTP_URL in docs/settings.md"
        raise click.ClickException(message)
    if "@" not in address.strip("@") or not address.isprintable():
        raise click.BadParameter(address, param_hint="ADDRESS")
    try:
        with port.mailer.open() as line:
            line.send(write_test_mail(port.mailer, address, now=port.clock.now()))
    except (MailServerError, MailRefusedError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The server took a mail to {address}.")


@commands.command("status")
def show_status() -> None:
    """Print how many mails are in which state, and since when the first one waits."""
    port = platform()
    with port.database.reading() as session:
        counts = queries.count_mails(session)
        oldest = queries.oldest_due(session, port.clock.now())
    for state in MailState:
        click.echo(f"{state.value}\t{counts.get(state, 0)}")
    if oldest is not None:
        click.echo(f"due since\t{oldest.isoformat()}")
