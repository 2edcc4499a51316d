"""docs/roles.md is what the routes and the policies say."""

from flask import Flask

from app.accounts.identity import check_access
from app.accounts.models import Role, User
from app.core.errors import AppError
from app.core.web import Access
from tests.unit.docs.blocks import DOCS, check_block, table
from tests.unit.docs.role_actions import ACTIONS, NO, OWN, YES, Action, Situation, situation

PAGE = DOCS / "roles.md"
COLUMNS = ("visitor", *(role.value for role in Role))
READS = {"HEAD", "OPTIONS", "GET"}


def test_the_table_of_actions_is_what_the_policies_say(app: Flask) -> None:
    rows = []
    for action in ACTIONS:
        rule = _access(app, action.endpoint)
        cells = [_cell(situation(_person(column)), action, rule) for column in COLUMNS]
        rows.append([action.title, *cells])
    check_block(PAGE, "actions", table(["", *COLUMNS], rows))


def test_the_table_of_routes_is_that_of_the_application(app: Flask) -> None:
    rows = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        rows.append([f"`{rule.rule}`", methods, _access(app, rule.endpoint).value])
    check_block(PAGE, "routes", table(["address", "methods", "for"], rows))


def test_every_route_that_changes_something_is_in_the_table_of_actions(app: Flask) -> None:
    told = {endpoint for action in ACTIONS for endpoint in (action.endpoint, *action.also)}
    changing = {
        rule.endpoint for rule in app.url_map.iter_rules() if (rule.methods or set()) - READS
    }
    assert changing - told == set()


def _person(column: str) -> User | None:
    if column == "visitor":
        return None
    return User(id=7, email="x@example.org", name="X", role=Role(column), disabled_at=None)


def _access(app: Flask, endpoint: str) -> Access:
    rule = vars(app.view_functions[endpoint])["access"]
    assert isinstance(rule, Access)
    return rule


def _cell(at: Situation, action: Action, rule: Access) -> str:
    try:
        check_access(rule, at.actor)
    except AppError:
        return NO
    if action.allowed is None or action.allowed(at.stranger()):
        return YES
    return OWN if action.allowed(at) else NO
