"""Secrets never leave a line, and what differs from line to line is no part of a template."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.clues.masking import LONGEST, generalise, redact, statement

SECRETS = [
    "hunter2-Xy",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefghijkl",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "ada.lovelace+shop@example.co.uk",
    "4111 1111 1111 1111",
    "378282246310005",
]


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("login failed password=hunter2 for ada", "hunter2"),
        ('{"user": "ada", "Password": "hun ter2", "n": 1}', "hun ter2"),
        ("DB_PASSWORD=hunter2", "hunter2"),
        ("api-key: hunter2", "hunter2"),
        ("Authorization: Bearer hunter2", "hunter2"),
        ("proxy said Basic aGVsbG86d29ybGQ= is wrong", "aGVsbG86d29ybGQ="),
        ("GET https://ada:hunter2@db/x failed", "hunter2"),
        ("GET /reset?token=hunter2&next=1 failed", "hunter2"),
        ("key aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW refused", "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW"),
        ("key -----BEGIN RSA PRIVATE KEY-----\nMIIEow", "MIIEow"),
    ],
)
def test_a_secret_is_masked_and_the_words_around_it_stay(line: str, secret: str) -> None:
    masked = redact(line)
    assert secret not in masked
    assert "<secret>" in masked


@given(
    secret=st.sampled_from([one for one in SECRETS if one != "hunter2-Xy"]),
    before=st.sampled_from(["", "charge of ", "(", "user: ", '"']),
    after=st.sampled_from(["", " failed", ")", ", next", '"']),
)
def test_a_secret_is_masked_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in redact(f"{before}{secret}{after}")


@given(st.text(max_size=3000))
def test_a_masked_line_is_short_and_printable(line: str) -> None:
    masked = redact(line)
    assert len(masked) <= LONGEST
    assert masked.isprintable()


@given(st.text(alphabet="abz019 .:-<>*/@=\n", max_size=200))
def test_masking_twice_changes_nothing_more(line: str) -> None:
    once = generalise(redact(line))
    assert generalise(once) == once


def test_long_numbers_that_are_no_card_numbers_stay() -> None:
    assert redact("took until 1795240176173") == "took until 1795240176173"


@pytest.mark.parametrize(
    ("line", "template"),
    [
        ("order 4711 took 12.5ms", "order <*> took <*>"),
        ("pool payments-db:5432 exhausted", "pool payments-db:<*> exhausted"),
        ("2026-04-18T10:03:22.123Z ERROR no card", "<*> ERROR no card"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736 lost", "trace <*> lost"),
        ("id 550e8400-e29b-41d4-a716-446655440000 lost", "id <*> lost"),
        ("utf8 and http2 stay words", "utf8 and http2 stay words"),
    ],
)
def test_numbers_ids_and_times_are_parameters(line: str, template: str) -> None:
    assert generalise(line) == template


def test_of_a_stack_trace_the_line_that_says_what_happened_counts() -> None:
    assert statement("Traceback (most recent call last):\n  x\nKeyError: 'card'") == (
        "KeyError: 'card'"
    )
    assert statement("\n\nboom\n at a.b(C.java:1)") == "boom"
    assert statement(" \n ") == ""
