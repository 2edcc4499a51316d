"""`flask user …`: accounts and tokens from the command line."""

import sys
from typing import Final

import click
from flask.cli import AppGroup

from app.accounts import operations, queries
from app.accounts.errors import UserNotFoundError
from app.accounts.models import Role
from app.core.audit import Actor, record_audit
from app.core.current import platform
from app.core.errors import AppError

OPERATOR: Final = Actor(None, "command line")

commands = AppGroup("user", help="People: accounts and API tokens.")


@commands.command("create")
@click.argument("email")
@click.option("--name", required=True, help="What others read.")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="What the person is here.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(email: str, name: str, role: str, *, password_stdin: bool) -> None:
    """Create an account; the last line printed is its id."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    now = platform().clock.now()
    try:
        with platform().database.transaction() as session:
            user = operations.create_user(
                session, email=email, name=name, role=Role(role), password=password, now=now
            )
            record_audit(
                session,
                OPERATOR,
                "user.create",
                f"user:{user.id}",
                {"name": user.name, "role": role},
                now=now,
            )
    except AppError as error:
        raise click.ClickException(str(error)) from error
    if password is None:
        click.echo("No password: make a password link on the staff pages.", err=True)
    click.echo(user.id)


@commands.command("token")
@click.argument("email")
@click.option("--label", default="command line", show_default=True, help="What it is for.")
def token(email: str, label: str) -> None:
    """Make an API token; the last line printed is the token."""
    now = platform().clock.now()
    try:
        with platform().database.transaction() as session:
            user = queries.find_user(session, email)
            if user is None or user.disabled_at is not None:
                raise UserNotFoundError
            row, text = operations.create_token(session, user, label, now=now)
            facts = {"hint": row.hint, "label": label}
            record_audit(session, OPERATOR, "user.create_token", f"user:{user.id}", facts, now=now)
    except AppError as error:
        raise click.ClickException(str(error)) from error
    click.echo(text)
