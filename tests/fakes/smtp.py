"""A mail server small enough to read: speaks SMTP on a socket, keeps what it is given."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

from typing_extensions import override


@dataclass
class Mailbox:
    """What arrived, and what is answered to a recipient or to the whole connection."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    greeting: str = "220 ready"
    answers: dict[str, list[str]] = field(default_factory=dict)
    """By recipient, one after another; afterwards everybody is taken."""

    def text(self, at: int = -1) -> str:
        """Return the plain text of a message."""
        part = self.messages[at].get_body(("plain",))
        assert part is not None
        return cast("str", part.get_content())


class _Talk(socketserver.StreamRequestHandler):
    server: "_Server"

    @override
    def handle(self) -> None:
        box = self.server.box
        self._say(box.greeting)
        while line := self.rfile.readline().decode().strip():
            verb = line.upper()
            if verb.startswith(("EHLO", "HELO", "MAIL", "RSET", "NOOP")):
                self._say("250 ok")
            elif verb.startswith("RCPT"):
                address = line.partition("<")[2].partition(">")[0]
                waiting = box.answers.get(address)
                self._say(waiting.pop(0) if waiting else "250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                box.messages.append(self._read())
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("502 what?")

    def _read(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return message_from_bytes(b"".join(lines), policy=default)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    box: Mailbox


@contextmanager
def serving_mail() -> Iterator[Mailbox]:
    """Listen on this machine until the block ends."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.box = Mailbox(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()
