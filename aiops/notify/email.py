"""E-mail: one mail for each change that is told, all of one incident in one thread, at least once.

A repeat has the same Message-ID as the mail it repeats; SMTP has no other key against doubles.

References:
    RFC 5321 (replies, 4.2.1), RFC 3207 (STARTTLS), RFC 8314 (TLS from the first byte).
"""

import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import Notification
from aiops.domain.pacing import Rate
from aiops.notify import email_message
from aiops.notify.changes import told_of
from aiops.notify.phrases import clean
from aiops.ports import Receipt
from aiops.settings import Settings, SinkSettings

RATE = Rate(per_minute=60, burst=5)
"""No server's own limit; so many that a bad hour passes, so few that nobody is flooded."""

TIMEOUT_SECONDS = 5.0
"""For each step of a conversation; it has few, and a delivery's lease is longer than them all."""

_PORTS = {"smtp": 587, "smtps": 465}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PASSWORD = "put the password into AIOPS_EMAIL_PASSWORD"  # noqa: S105
_SAID_CHARACTERS = 200
_CLOSING = 421

Connect = Callable[[str, int, bool], smtplib.SMTP]
"""Opens a conversation with a host at a port, with TLS from the first byte or without."""


class Email:
    """Sends incidents by e-mail.

    Args:
        name: of the sink.
        password: of `user`; None: not given yet.
        url: `smtps://host[:465]`, or `smtp://host[:587]`, which begins TLS before anything else.
        sender: address the mails come from.
        recipients: addresses they go to.
        user: that logs in; empty: nobody does, as at a relay.
        base_url: where our pages are, for links; empty for none.
        connect: opens a conversation.
    """

    def __init__(
        self,
        name: str,
        password: str | None,
        url: str,
        *,
        sender: str,
        recipients: tuple[str, ...],
        user: str = "",
        base_url: str = "",
        connect: Connect | None = None,
    ) -> None:
        self.name = name
        self.rate = RATE
        self._password = password
        self._url = url
        self._sender = sender
        self._recipients = recipients
        self._user = user
        self._base_url = base_url
        self._connect = connect or _connect

    def __repr__(self) -> str:
        return f"Email(name={self.name!r}, recipients={self._recipients!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings, settings: Settings) -> "Email":
        """Return the sink that the settings describe."""
        return cls(
            sink.name,
            sink.secret.get_secret_value() if sink.secret else None,
            sink.url,
            sender=sink.sender,
            recipients=sink.recipients,
            user=sink.user,
            base_url=settings.web.base_url,
        )

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the mail; `mail` is None where nothing is worth one."""
        return {
            "mail": email_message.mail(
                incident, notification, reference, sender=self._sender, base_url=self._base_url
            ),
            "told": told_of(incident),
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Hand the mail to the server, if there is one.

        Raises:
            DeliveryError: see `Sender.send`; ambiguous where the server never said whether it
                took the mail.
        """
        mail = payload["mail"]
        if mail is None:
            return Receipt(reference=payload["told"])
        if self._user and not self._password:
            raise DeliveryError(f"sink {self.name}: no password; {_PASSWORD}", retryable=True)
        message = self._message(mail)
        with self._conversation() as server:
            refused = server.send_message(message, self._sender, self._recipients)
        told = {**payload["told"], "subject": mail["thread_subject"]}
        if refused:
            told["refused"] = ", ".join(sorted(refused))
        return Receipt(reference=told)

    def check(self) -> None:
        """Begin a conversation and end it: nothing is sent that anybody would see.

        Raises:
            DeliveryError: the server does not answer, offers no TLS, or refuses the password.
        """
        with self._conversation() as server:
            server.noop()

    def _message(self, mail: Mapping[str, Any]) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Subject"] = mail["subject"]
        message["Date"] = format_datetime(datetime.fromisoformat(mail["at"]))
        message["Message-ID"] = mail["message_id"]
        message["In-Reply-To"] = mail["thread_id"]
        message["References"] = mail["thread_id"]
        message["Auto-Submitted"] = "auto-generated"  # nobody's holiday answers it (RFC 3834)
        message.set_content(mail["text"])
        message.add_alternative(mail["html"], subtype="html")
        return message

    @contextmanager
    def _conversation(self) -> Iterator[smtplib.SMTP]:
        """Yield a conversation in which something can be said; what fails in it is told as ours."""
        where = urlsplit(self._url)
        host, from_first_byte = where.hostname or "", where.scheme == "smtps"
        try:
            server = self._connect(host, where.port or _PORTS[where.scheme], from_first_byte)
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(
                f"sink {self.name}: no conversation with {host} ({type(error).__name__}); check the"
                " address, its certificate and the network",
                retryable=True,
            ) from error
        try:
            if not from_first_byte and host not in _LOOPBACK:
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password or "")
            yield server
        except (smtplib.SMTPException, OSError) as error:
            raise self._failure(error) from error
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()  # what the server took it took, however the conversation ends

    def _failure(self, error: smtplib.SMTPException | OSError) -> DeliveryError:
        """Return what a conversation that failed means: by the first digit of the server's word."""
        code, said = _reply(error)
        where = f"sink {self.name}: the server"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return DeliveryError(
                f"{where} offers no TLS, or no login: use smtps://, or another server",
                retryable=False,
            )
        if 500 <= code < 600:
            hint = f"; {_PASSWORD}" if isinstance(error, smtplib.SMTPAuthenticationError) else ""
            return DeliveryError(f"{where} refused: {code} {said}{hint}", retryable=False)
        if 400 <= code < 500 and code != _CLOSING:
            return DeliveryError(f"{where} says not now: {code} {said}", retryable=True)
        return DeliveryError(
            f"{where} broke off ({type(error).__name__}); it may have taken the mail all the same",
            retryable=True,
            ambiguous=True,
        )


def _connect(host: str, port: int, from_first_byte: bool) -> smtplib.SMTP:
    if from_first_byte:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)


def _reply(error: Exception) -> tuple[int, str]:
    """Return code and words of a server's refusal; 0 where it gave none we can read."""
    replies: list[tuple[int, bytes]] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = list(error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        replies = [(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())]
    if not replies:
        return 0, ""
    code, said = min(replies)  # one recipient that may be told later is worth another attempt
    return code, clean(said.decode(errors="replace"), _SAID_CHARACTERS)
