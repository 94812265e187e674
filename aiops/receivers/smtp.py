"""A loopback mail server: as strict as RFC 5321 and 5322 ask, with a bad day when told to.

Unlike its siblings it speaks SMTP: `serve_mail` runs it, and it has no `/_faults`.
"""

import base64
import re
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any, Final

from aiops.receivers.faults import Fault, FaultKind, FaultPlan

PATH: Final = "DATA"
"""The path faults name: the end of a mail is where a server takes it or does not."""

_HOST = "127.0.0.1"
_LINE_BYTES = 1000
_MAX_BYTES = 1_000_000
_ONE_OF = ("From", "Date", "Message-ID", "Subject", "To")
_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_ADDRESS = re.compile(r"(?i)(?:from|to):<([^<>@\s]+@[^<>@\s]+)>(?: .*)?")
_REPLIES: Mapping[int, bytes] = {429: b"452 4.5.3 too much, later", 404: b"550 5.1.1 no mailbox"}
_BROKEN = b"421 4.3.0 closing"


@dataclass
class Mailbox:
    """What a loopback mail server took.

    Args:
        logins: user to password; without any nobody has to log in.
        faults: what goes wrong, by the path `DATA`.
        refused: addresses nobody has.
    """

    logins: Mapping[str, str] = field(default_factory=dict)
    faults: FaultPlan = field(default_factory=FaultPlan)
    refused: frozenset[str] = frozenset()
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        """Return the Message-IDs of what was taken: a repeat has that of what it repeats."""
        return {str(one["Message-ID"]) for one in self.mails}


@contextmanager
def serve_mail(mailbox: Mailbox) -> Iterator[str]:
    """Run a mail server on 127.0.0.1 in a thread and yield its address, as `smtp://…`."""

    class Handler(_Conversation):
        box = mailbox

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server((_HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="mail", daemon=True)
        thread.start()
        try:
            yield f"smtp://{_HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)


class _ClosedError(Exception):
    """The conversation is over."""


class _Conversation(socketserver.StreamRequestHandler):
    """One conversation with one sender."""

    box: Mailbox
    timeout = 20

    def handle(self) -> None:
        self._user = ""
        self._reset()
        self._say(b"220 loopback ESMTP")
        try:
            while True:
                self._obey(self._line())
        except (_ClosedError, OSError):
            return

    def _reset(self) -> None:
        self._sender = ""
        self._recipients: list[str] = []

    def _obey(self, line: bytes) -> None:
        verb, _, rest = line.decode("ascii", "replace").partition(" ")
        commands: dict[str, Any] = {
            "EHLO": self._hello,
            "AUTH": self._login,
            "MAIL": self._mail,
            "RCPT": self._recipient,
            "DATA": self._data,
            "RSET": self._again,
            "NOOP": lambda _: self._say(b"250 ok"),
            "QUIT": self._quit,
        }
        act = commands.get(verb.upper())
        if act is None:
            self._say(b"500 5.5.2 no such command")
        else:
            act(rest)

    def _hello(self, _: str) -> None:
        self._say(b"250-loopback", b"250-8BITMIME", b"250 AUTH PLAIN")

    def _again(self, _: str) -> None:
        self._reset()
        self._say(b"250 ok")

    def _quit(self, _: str) -> None:
        self._say(b"221 bye")
        raise _ClosedError

    def _login(self, rest: str) -> None:
        way, _, said = rest.partition(" ")
        try:
            _, user, password = base64.b64decode(said, validate=True).decode().split("\0")
        except ValueError:
            self._say(b"501 5.5.2 no PLAIN")
            return
        if way.upper() == "PLAIN" and self.box.logins.get(user) == password:
            self._user = user
            self._say(b"235 welcome")
        else:
            self._say(b"535 5.7.8 wrong user or password")

    def _mail(self, rest: str) -> None:
        found = _ADDRESS.fullmatch(rest)
        if self.box.logins and not self._user:
            self._say(b"530 5.7.0 log in first")
        elif found is None or self._sender:
            self._say(b"501 5.5.4 expected one MAIL FROM:<address>")
        else:
            self._sender = found[1]
            self._say(b"250 ok")

    def _recipient(self, rest: str) -> None:
        found = _ADDRESS.fullmatch(rest)
        if not self._sender or found is None:
            self._say(b"503 5.5.1 expected RCPT TO:<address> after MAIL")
        elif found[1] in self.box.refused:
            self._say(b"550 5.1.1 nobody of that name")
        else:
            self._recipients.append(found[1])
            self._say(b"250 ok")

    def _data(self, _: str) -> None:
        if not self._recipients:
            self._say(b"503 5.5.1 to whom?")
            return
        self._say(b"354 go on, end with a dot")
        content = self._content()
        fault = self.box.faults.take(PATH)
        wrong = _wrong(content)
        is_taken = not wrong and (fault is None or fault.kind.acts)
        if is_taken:
            mail = message_from_bytes(content, policy=SMTP_POLICY)
            self.box.mails.append(mail)
            self.box.envelopes.append((self._sender, tuple(self._recipients)))
        self._reset()
        if fault is not None:
            self._fail(fault)
        elif wrong:
            self._say(f"554 5.6.0 {wrong}".encode())
        else:
            self._say(b"250 2.0.0 taken")

    def _fail(self, fault: Fault) -> None:
        time.sleep(fault.seconds)
        if fault.kind.cuts:
            raise _ClosedError
        if fault.kind is FaultKind.GARBAGE:
            self._say(b"\xff\x00<html>upstream connect error")
        elif fault.kind is FaultKind.HANG:
            self._say(b"250 2.0.0 taken")
        else:
            self._say(_REPLIES.get(fault.status, _BROKEN))

    def _content(self) -> bytes:
        lines: list[bytes] = []
        while (line := self._line()) != b".":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"\r\n".join(lines) + b"\r\n"

    def _line(self) -> bytes:
        line = self.rfile.readline(_LINE_BYTES + 1)
        if not line:
            raise _ClosedError
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or len(line) > _LINE_BYTES:
            self._say(b"500 5.5.2 a line ends with CRLF and has 1000 bytes at most")
            raise _ClosedError
        return line[:-2]

    def _say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))


def _wrong(content: bytes) -> str:
    """Return what is wrong with a mail; empty if nothing."""
    if len(content) > _MAX_BYTES:
        return "too large"
    mail = message_from_bytes(content, policy=SMTP_POLICY)
    for name in _ONE_OF:
        if len(mail.get_all(name, [])) != 1:
            return f"expected one {name}, found {len(mail.get_all(name, []))}"
    if not _ID.fullmatch(str(mail["Message-ID"])):
        return "the Message-ID is none"
    if mail.defects:
        return f"it is broken: {mail.defects[0]}"
    return "" if mail["Date"].datetime is not None else "the Date is none"
