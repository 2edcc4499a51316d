"""`baijing login`: keep the address and a token that the site accepts."""

from collections.abc import Callable, Mapping

from baijing.account import Account, check_address, check_token, keep_account
from baijing.console import Console
from baijing.errors import Exit
from baijing.shapes import PROBLEM_ITEM, page_of
from baijing.site import Site
from baijing.texts import say


def run(
    console: Console,
    address: str,
    ask: Callable[[str], str],
    environment: Mapping[str, str],
) -> Exit:
    """Ask for the token, try it, keep it. The token is printed nowhere.

    Raises:
        ClientError: the address or token is no good, or the site does not accept it.
    """
    checked = check_address(address)
    token = check_token(ask(say("Token (not shown): ", console.language)))
    account = Account(checked, token)
    Site(account, console.language).read("/problems", page_of(PROBLEM_ITEM), {"per_page": 1})
    path = keep_account(account, environment)
    told = say("Logged in at %(address)s.", console.language, {"address": checked})
    console.answer({"address": checked, "kept_in": str(path)}, told)
    return Exit.OK
