"""E-mail: one thread an incident, one mail a change, and no way in for what the data says."""

import re
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Severity
from aiops.domain.notifications import DeliveryAction
from aiops.notify.email import Email
from aiops.receivers.faults import Fault, FaultKind
from aiops.receivers.smtp import Mailbox, serve_mail
from tests.notify import nasty
from tests.notify.stories import incident, notification, resolved

PASSWORD = "mail-secret"
ANN, BOB = "ann@example.com", "bob@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A sink and the server it hands its mails to."""

    sink: Email
    box: Mailbox

    def send(self, of: Any = None, action: Any = None, told: Any = None, **how: bool) -> Any:
        of = of or incident()
        note = notification(of, action or DeliveryAction.TRIGGER)
        payload = self.sink.payload(of, note, told or {})
        return dict(self.sink.send(note, payload, repeated=how.get("repeated", False)).reference)


def post_of(box: Mailbox, url: str, **changes: Any) -> Post:
    kinds = {"sender": "aiops@example.com", "recipients": (ANN, BOB), "user": "aiops"}
    sink = Email("mail", PASSWORD, url, base_url="https://a.example", **(kinds | changes))
    return Post(sink=sink, box=box)


@pytest.fixture
def post() -> Iterator[Post]:
    box = Mailbox(logins={"aiops": PASSWORD})
    with serve_mail(box) as url:
        yield post_of(box, url)


def test_a_mail_says_what_whom_it_hits_what_it_costs_and_what_to_do(post: Post) -> None:
    post.send()
    (mail,) = post.box.mails
    assert mail["Subject"] == "INC-2048 (P1) EU checkout failures after payment-service deploy"
    assert post.box.envelopes == [("aiops@example.com", (ANN, BOB))]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for said in (
        "error rate on `/checkout` in EU jumped from 0.3% to 7.2%",
        "Impact: revenue per minute in EU",
        "Likely cause: deploy 2026.04.18-3",
        "Owner: Payments team",
        "Runbook: RB-17 (Payment gateway errors)",
        "- roll back deploy 2026.04.18-3 of payment-service",
        "https://a.example/incidents/INC-2048",
    ):
        assert said in text
    assert "<table" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_all_mails_of_an_incident_are_one_thread_and_each_is_its_own(post: Post) -> None:
    told = post.send()
    worse = incident(revision=2, severity=Severity.P2, title="Another title by now")
    told |= post.send(worse, DeliveryAction.UPDATE, told)
    told |= post.send(resolved(), DeliveryAction.RESOLVE, told)
    again = incident(episode=2)
    post.send(again, DeliveryAction.TRIGGER, {})
    assert len(post.box.ids) == 4
    assert len({mail["References"] for mail in post.box.mails}) == 1
    first, *rest = [mail["Subject"] for mail in post.box.mails[:3]]
    assert set(rest) == {f"Re: {first}"}, "a thread is known by its subject, too"


def test_another_incident_is_another_thread(post: Post) -> None:
    post.send()
    post.send(incident(id="INC-2049"))
    post.send(incident(env="staging"))
    assert len({mail["References"] for mail in post.box.mails}) == 3


@pytest.mark.parametrize("action", [DeliveryAction.UPDATE, DeliveryAction.REFRESH])
def test_what_is_no_news_is_no_mail(post: Post, action: DeliveryAction) -> None:
    told = post.send()
    post.send(incident(revision=2), action, told)
    assert len(post.box.mails) == 1


def test_a_repeat_has_the_id_of_what_it_repeats(post: Post) -> None:
    post.box.faults.add(Fault(kind=FaultKind.CUT_AFTER))
    with pytest.raises(DeliveryError) as caught:
        post.send()
    assert caught.value.ambiguous
    post.send(repeated=True)
    assert (len(post.box.mails), len(post.box.ids)) == (2, 1), "at least once, and known again"


def test_one_recipient_nobody_knows_does_not_keep_it_from_the_other(post: Post) -> None:
    post.box.refused = frozenset({BOB})
    assert post.send()["refused"] == BOB
    assert post.box.envelopes == [("aiops@example.com", (ANN,))]


def test_recipients_nobody_knows_are_final(post: Post) -> None:
    post.box.refused = frozenset({ANN, BOB})
    with pytest.raises(DeliveryError, match="550") as caught:
        post.send()
    assert not caught.value.retryable


def test_a_wrong_password_is_final_and_says_what_to_do() -> None:
    box = Mailbox(logins={"aiops": "another"})
    with serve_mail(box) as url, pytest.raises(DeliveryError) as caught:
        post_of(box, url).send()
    assert "AIOPS_EMAIL_PASSWORD" in str(caught.value)
    assert not caught.value.retryable
    assert PASSWORD not in str(caught.value)


def test_without_a_password_it_waits_for_one(post: Post) -> None:
    sink = Email("mail", None, "smtp://x", sender="a@b.c", recipients=(ANN,), user="aiops")
    with pytest.raises(DeliveryError, match="AIOPS_EMAIL_PASSWORD") as caught:
        replace(post, sink=sink).send()
    assert caught.value.retryable


def test_a_relay_that_asks_for_no_login_gets_none() -> None:
    box = Mailbox()
    with serve_mail(box) as url:
        post_of(box, url, user="").send()
    assert len(box.mails) == 1


def test_the_doctor_finds_a_wrong_password_without_sending_anything(post: Post) -> None:
    post.sink.check()
    post.box.logins = {"aiops": "another"}
    with pytest.raises(DeliveryError, match="AIOPS_EMAIL_PASSWORD"):
        post.sink.check()
    assert post.box.mails == []


class Listening(smtplib.SMTP):
    """A conversation that is not begun: it tells what was asked of it."""

    def __init__(self, *, with_tls: bool) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._with_tls = with_tls

    def starttls(self, *_: Any, **__: Any) -> Any:
        self.asked.append("starttls")
        if not self._with_tls:
            raise smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server.")
        return 220, b"go on"

    def login(self, user: str, *_: Any, **__: Any) -> Any:
        self.asked.append(f"login {user}")

    def send_message(self, *_: Any, **__: Any) -> Any:
        self.asked.append("mail")
        return {}

    def quit(self) -> Any:
        self.asked.append("quit")


@pytest.mark.parametrize(
    ("url", "asked", "opened"),
    [
        ("smtp://mail.example.com", ["starttls", "login aiops", "mail", "quit"], (587, False)),
        ("smtp://mail.example.com:25", ["starttls", "login aiops", "mail", "quit"], (25, False)),
        ("smtps://mail.example.com", ["login aiops", "mail", "quit"], (465, True)),
        ("smtp://127.0.0.1", ["login aiops", "mail", "quit"], (587, False)),
    ],
)
def test_nothing_is_said_without_tls_but_to_this_machine(
    url: str, asked: list[str], opened: tuple[int, bool]
) -> None:
    server, calls = Listening(with_tls=True), []

    def connect(_host: str, port: int, from_first_byte: bool) -> smtplib.SMTP:
        calls.append((port, from_first_byte))
        return server

    post_of(Mailbox(), url, connect=connect).send()
    assert (server.asked, calls) == (asked, [opened])


def test_a_server_without_tls_gets_neither_password_nor_mail() -> None:
    server = Listening(with_tls=False)
    post = post_of(Mailbox(), "smtp://mail.example.com", connect=lambda *_: server)
    with pytest.raises(DeliveryError, match="offers no TLS") as caught:
        post.send()
    assert not caught.value.retryable
    assert server.asked == ["starttls", "quit"]


def test_no_text_of_the_data_makes_a_header_or_markup(post: Post) -> None:
    evil = "x\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>"
    post.send(incident(title=evil, owner_title=evil, severity_reason=evil))
    (mail,) = post.box.mails
    assert mail["Bcc"] is None
    assert post.box.envelopes[0][1] == (ANN, BOB)
    assert "<script" not in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


@settings(max_examples=10, deadline=None)
@given(nasty.incidents())
def test_whatever_an_incident_says_its_mail_is_one_a_strict_server_takes(of: Any) -> None:
    box = Mailbox()
    with serve_mail(box) as url:
        post_of(box, url, user="").send(of)
    (mail,) = box.mails
    assert re.fullmatch(r"<[^<>@\s]+@example\.com>", str(mail["Message-ID"]))
