"""`flask user …`."""

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from app.accounts.cli import commands
from app.accounts.identity import find_token
from app.accounts.models import Role, User
from app.accounts.passwords import verify_password
from app.core.audit import AuditEntry
from app.core.db import Database

pytestmark = pytest.mark.functional

PASSWORD = "correct horse battery"


def run(app: Flask, *arguments: str, stdin: str = "") -> Result:
    with app.app_context():
        return CliRunner().invoke(commands, arguments, input=stdin)


def test_an_account_is_created_and_its_id_is_the_last_line(app: Flask, database: Database) -> None:
    result = run(
        app,
        *("create", "wei@example.org", "--name", "张伟", "--role", "organiser", "--password-stdin"),
        stdin=f"{PASSWORD}\n",
    )
    assert result.exit_code == 0, result.output
    with database.reading() as session:
        user = session.scalars(select(User)).one()
        actions = session.scalars(select(AuditEntry.action)).all()
    assert result.stdout.splitlines()[-1] == str(user.id)
    assert (user.name, user.role) == ("张伟", Role.ORGANISER)
    assert verify_password(PASSWORD, user.password_hash)
    assert actions == ["user.create"]


def test_without_a_password_nobody_can_sign_in_yet(app: Flask, database: Database) -> None:
    result = run(app, "create", "wei@example.org", "--name", "张伟", "--role", "participant")
    assert result.exit_code == 0
    with database.reading() as session:
        user = session.scalars(select(User)).one()
    assert result.stdout == f"{user.id}\n"
    assert not verify_password("", user.password_hash)


def test_a_token_is_the_last_line_and_works(app: Flask, database: Database) -> None:
    run(app, "create", "wei@example.org", "--name", "张伟", "--role", "participant")
    result = run(app, "token", "Wei@Example.org")
    assert result.exit_code == 0
    with database.reading() as session:
        token = find_token(session, result.stdout.splitlines()[-1])
    assert token is not None
    assert token.user.name == "张伟"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("create", "nowhere", "--name", "张伟", "--role", "judge"), "e-mail address"),
        (("create", "a@example.org", "--name", "x", "--role", "judge"), "2 to 30"),
        (("create", "a@example.org", "--name", "张伟", "--role", "king"), "king"),
        (("token", "nobody@example.org"), "no such account"),
    ],
)
def test_what_is_wrong_is_one_line(app: Flask, arguments: tuple[str, ...], reason: str) -> None:
    result = run(app, *arguments)
    assert result.exit_code != 0
    assert reason in result.stderr.splitlines()[-1]
    assert result.stdout == ""
