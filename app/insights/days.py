"""Beijing's days in SQL and in ranges."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class beijing_date(FunctionElement[str]):  # noqa: N801 — written like the SQL functions beside it
    """The Beijing day of an instant as text, `2026-06-30`: what a database can group by."""

    type = String()
    inherit_cache = True
    name = "beijing_date"


@compiles(beijing_date, "sqlite")
def _on_sqlite(element: beijing_date, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 — passed on
    # kept as text in UTC; Beijing has been eight hours ahead without a change since 1991
    return f"date({compiler.process(element.clauses, **options)}, '+8 hours')"


@compiles(beijing_date, "postgresql")
def _on_postgresql(element: beijing_date, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 — passed on
    inner = compiler.process(element.clauses, **options)
    return f"to_char({inner} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')"


def list_days(first: date, last: date) -> list[date]:
    """Return the days from the first to the last one."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def read_day(text: str) -> date:
    """Return the day that the database wrote."""
    return date.fromisoformat(text)
