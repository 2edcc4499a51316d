"""The words of notifications, in the language of whoever reads them."""

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext as _

from app.core.i18n import N_, choose_text
from app.notifications.models import Delivery, Topic

WORDS: Final[Mapping[str, str]] = {
    "reply": N_("%(who)s wrote in “%(title)s”."),
    "answer": N_("Your post in “%(title)s” was marked as the answer."),
    "moderated": N_("The organisers hid your post in “%(title)s”: %(reason)s"),
    "scored": N_("Submission %(submission)s in “%(problem)s” is scored on board A: %(score)s."),
    "scored.plain": N_("Submission %(submission)s in “%(problem)s” is scored."),
    "failed": N_("Submission %(submission)s in “%(problem)s” has failed: %(reason)s"),
    "announcement": N_("Announcement: %(title)s"),
    "announcement.problem": N_("Announcement on “%(problem)s”: %(title)s"),
    "revealed": N_("Board B of “%(problem)s” is revealed."),
    "stage_ending": N_("Stage %(board)s of “%(problem)s” closes at %(when)s (Beijing time)."),
    "invited": N_("%(who)s invites you to the team “%(team)s” in “%(problem)s”."),
    "merge": N_("“%(team)s” asks to merge with your team in “%(problem)s”."),
    "merge.done": N_("Your team in “%(problem)s” has merged into “%(team)s”."),
    "merge.declined": N_("“%(team)s” declined to merge with your team in “%(problem)s”."),
    "question": N_("The judges ask your team about submission %(submission)s in “%(problem)s”."),
    "question.answered": N_("The team answered your question about submission %(submission)s."),
}
"""By topic, or by topic and what `says` in the facts chooses among several."""
NAMES: Final[Mapping[Topic, str]] = {
    Topic.SCORED: N_("My team’s submission is scored"),
    Topic.FAILED: N_("My team’s submission has failed"),
    Topic.REVEALED: N_("Board B is revealed"),
    Topic.STAGE_ENDING: N_("A stage closes within 24 hours"),
    Topic.ANNOUNCEMENT: N_("The organisers announce something"),
    Topic.INVITED: N_("I am invited to a team"),
    Topic.MERGE: N_("Another team asks to merge, or answers"),
    Topic.QUESTION: N_("A judge asks my team"),
    Topic.REPLY: N_("Somebody writes in a discussion I follow"),
    Topic.ANSWER: N_("My post is marked as the answer"),
    Topic.MODERATED: N_("The organisers hide a post of mine"),
}
DELIVERIES: Final[Mapping[Delivery, str]] = {
    Delivery.NONE: N_("Not at all"),
    Delivery.SITE: N_("On this site"),
    Delivery.DAILY: N_("On the site, and by mail once a day"),
    Delivery.AT_ONCE: N_("On the site, and by mail at once"),
}
_FACTS: Final = (
    "who",
    "title",
    "reason",
    "problem",
    "team",
    "submission",
    "score",
    "board",
    "when",
)


def say(topic: Topic, facts: Mapping[str, Any], locale: str) -> str:
    """Return one sentence, in one line; what a kind does not have is empty."""
    words = WORDS[f"{topic.value}.{facts['says']}" if facts.get("says") else topic.value]
    filled = {name: _in_one_line(facts.get(name, ""), locale) for name in _FACTS}
    said: str = _(words, **filled)
    return said


def _in_one_line(fact: object, locale: str) -> str:
    text = choose_text(fact, locale) if isinstance(fact, dict) else str(fact)
    return " ".join(text.split())
