"""The signed link at the end of a mail that stops such mails, without signing in."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from cryptography.fernet import InvalidToken

from app.core.sealing import Seal
from app.core.web import read_id
from app.notifications.errors import StopLinkError
from app.notifications.models import Topic

_PURPOSE: Final = "stop-mails"
_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Stop:
    """Whom to mail no more, and of what."""

    person: int
    topic: Topic | None
    """None: of nothing."""

    @property
    def topics(self) -> Collection[Topic]:
        """What the link stops."""
        return tuple(Topic) if self.topic is None else (self.topic,)


def seal_stop(seal: Seal, stop: Stop) -> str:
    """Return the text that stands for it in an address; nobody but us can make one."""
    what = _ALL if stop.topic is None else stop.topic.value
    return seal.seal(f"{_PURPOSE}:{stop.person}:{what}").rstrip("=")


def open_stop(seal: Seal, text: str) -> Stop:
    """Read it back.

    Raises:
        StopLinkError: it is not one of ours.
    """
    try:
        opened = seal.open(text + "=" * (-len(text) % 4))
    except (InvalidToken, UnicodeError, ValueError) as error:
        raise StopLinkError from error
    purpose, _, rest = opened.partition(":")
    number, _, what = rest.partition(":")
    person = read_id(number)
    if purpose != _PURPOSE or person is None or what not in {_ALL, *Topic}:
        raise StopLinkError
    return Stop(person, None if what == _ALL else Topic(what))
