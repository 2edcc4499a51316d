import pytest
from flask import Flask, g

from app.accounts.models import Role, User
from app.ui.navigation import Link, Navigation, here_with


def labels(links: list[Link]) -> list[str]:
    return [link.label for link in links]


def present(links: list[Link]) -> list[str]:
    return [link.label for link in links if link.current]


def test_staff_entries_are_for_staff(app: Flask) -> None:
    navigation = Navigation(app)
    with app.test_request_context("/problems/pcb?lang=en"):
        g.actor = None
        assert present(navigation.main()) == ["Problem hall"]
        assert "Staff" not in labels(navigation.main())
        assert navigation.staff() == []
    with app.test_request_context("/staff/audit?lang=en"):
        g.actor = User(role=Role.ORGANISER)
        assert present(navigation.main()) == ["Staff"]
        assert present(navigation.staff()) == ["Audit log"]
        g.actor = User(role=Role.JUDGE)
        assert "Audit log" not in labels(navigation.staff())


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/staff", "Overview"),
        ("/staff/rescores/1", "Problems"),
        ("/staff/publications", "Problems"),
        ("/staff/bundles", "Problems"),
        ("/staff/problems/pcb/rescores", "Problems"),
        ("/staff/submissions", "Submissions"),
        ("/staff/announcements/1/correct", "Announcements"),
    ],
)
def test_every_staff_page_is_below_one_entry(app: Flask, path: str, entry: str) -> None:
    with app.test_request_context(f"{path}?lang=en"):
        g.actor = User(role=Role.ORGANISER)
        assert present(Navigation(app).staff()) == [entry]


def test_links_keep_the_page_and_change_one_argument(app: Flask) -> None:
    with app.test_request_context("/problems?q=轴承&page=2"):
        assert here_with(lang="en") == "?q=%E8%BD%B4%E6%89%BF&page=2&lang=en"
        assert here_with(page="3") == "?q=%E8%BD%B4%E6%89%BF&page=3"
