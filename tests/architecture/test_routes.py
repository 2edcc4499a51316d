"""Every route says who may call it."""

from flask import Flask

from app.core.web import Access


def test_every_route_declares_its_access(app: Flask) -> None:
    undeclared = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if not isinstance(vars(app.view_functions[rule.endpoint]).get("access"), Access)
    }
    assert not undeclared


def test_staff_pages_are_for_staff(app: Flask) -> None:
    open_doors = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/staff")
        and vars(app.view_functions[rule.endpoint])["access"]
        not in {Access.STAFF, Access.ORGANISER, Access.ADMIN}
    }
    assert not open_doors


def test_every_endpoint_name_is_used_once_per_method(app: Flask) -> None:
    seen: set[tuple[str, str]] = set()
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert (rule.rule, method) not in seen
            seen.add((rule.rule, method))
