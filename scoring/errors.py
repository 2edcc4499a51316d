"""What can go wrong while scoring, by whose fault it is."""

from scoring.messages import Message

__all__ = ["InvalidScores", "InvalidSubmission", "ScorerError", "TruthError"]


class _WithMessages(Exception):  # noqa: N818 - the public names below are fixed by the pack contract
    """An exception made of messages a person reads in their own language."""

    def __init__(self, *messages: str | Message, zh: str = "", en: str = "") -> None:
        """Take messages, or a plain text shown as it is, or the same text in both languages."""
        said = [Message.custom(m, m) if isinstance(m, str) else m for m in messages]
        if zh or en:
            said.append(Message.custom(zh or en, en or zh))
        super().__init__(*said)
        self.messages: tuple[Message, ...] = tuple(said)

    def __str__(self) -> str:  # type: ignore[explicit-override]  # no `override` in the image
        """Render every message in English, one per line."""
        return "\n".join(message.render("en") for message in self.messages)


class InvalidSubmission(_WithMessages):
    """The team's answer is wrong: verdict `invalid_output`, and the messages are for the team.

    A pack's scorer raises it with a text, `InvalidSubmission("stop 12 is visited twice")`, or with
    both languages, `InvalidSubmission(zh="…", en="…")`.
    """


class InvalidScores(_WithMessages):
    """A score is missing or not a finite number: verdict `invalid_scores`."""


class TruthError(_WithMessages):
    """The pack's own truth cannot be used: the organiser's fault, verdict `scorer_error`."""


class ScorerError(_WithMessages):
    """A pack's scorer crashed or wrote an unusable result: verdict `scorer_error`.

    The messages are for organisers only: they may quote the truth.
    """
