"""`problems`, `submissions`, `leaderboard`: read a list and show it."""

from baijing.console import Console, draw_table
from baijing.errors import Exit
from baijing.shapes import BOARD, PROBLEM, PROBLEM_ITEM, SUBMISSION, Shape, page_of
from baijing.site import Json, Site, join


def problems(site: Site, console: Console, area: str, words: str) -> list[str]:
    """Show every problem, newest first; return their names."""
    listed = read_pages(site, "/problems", PROBLEM_ITEM, {"area": area, "q": words})
    rows = [(one["slug"], one["title"], one["area"], one["state"]) for one in listed["items"]]
    console.answer(listed, draw_table(("slug", "title", "area", "state"), rows))
    return [str(one["slug"]) for one in listed["items"]]


def submissions(site: Site, console: Console, problem: str, page: int) -> Exit:
    """Show a page of one's own submissions, newest first."""
    listed = site.read("/submissions", page_of(SUBMISSION), {"problem": problem, "page": page})
    rows = [
        (
            one["id"],
            one["problem"],
            one["kind"],
            one["state"] if one["verdict"] is None else f"{one['state']}: {one['verdict']}",
            show_scores(one["scores"]),
            one["queued_at"],
            one["note"],
        )
        for one in listed["items"]
    ]
    head = ("id", "problem", "kind", "state", "scores", "queued_at", "note")
    console.answer(listed, draw_table(head, rows))
    return Exit.OK


def leaderboard(site: Site, console: Console, problem: str, board: str, page: int) -> Exit:
    """Show a page of a board, best first; one's own team is marked, or added below."""
    described = site.read(join("problems", problem), PROBLEM)
    path = join("problems", problem, "leaderboard")
    listed = site.read(path, BOARD, {"board": board, "page": page})
    columns = {one["key"]: int(one["decimals"]) for one in described["columns"]}
    own = listed["own"]
    shown = list(listed["items"])
    if own is not None and own["team"]["id"] not in {one["team"]["id"] for one in shown}:
        shown.append(own)
    rows = [_row(one, columns, own) for one in shown]
    rows += [_row({**one, "rank": "-", "team": None}, columns, None) for one in listed["baselines"]]
    console.answer(listed, draw_table(("rank", "team", *columns, "last_at"), rows))
    return Exit.OK


def _row(item: Json, columns: dict[str, int], own: Json | None) -> tuple[object, ...]:
    team = item["team"]
    is_own = own is not None and team is not None and team["id"] == own["team"]["id"]
    name = "baseline" if team is None else team["name"]
    scores = item["scores"]
    return (
        item["rank"],
        f"{name} *" if is_own else name,
        *(f"{scores[key]:.{places}f}" if key in scores else "" for key, places in columns.items()),
        item["last_at"],
    )


def show_scores(scores: dict[str, dict[str, float]]) -> str:
    """Return scores as one line, board by board."""
    return "  ".join(
        f"{board} {key}={value:.6g}" for board in scores for key, value in scores[board].items()
    )


def read_pages(site: Site, path: str, item: Shape, query: dict[str, object]) -> Json:
    """Return a list with the items of all its pages."""
    items: list[Json] = []
    number = 1
    while True:
        page = site.read(path, page_of(item), {**query, "page": number, "per_page": 100})
        items += page["items"]
        if not page["items"] or len(items) >= page["total"]:
            return {"items": items, "total": page["total"]}
        number += 1
