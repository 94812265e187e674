import pytest

from aiops.advise.parse import parse_runbook
from aiops.domain.errors import InputError

GOOD = """---
id: RB-17
title: Payment gateway errors
owner: payments
services: [payment-service]
families: [errors]
keywords: [gateway]
reviewed_at: 2026-04-01
steps:
  - text: Look at the provider's errors.
    query: rate(provider_errors[5m])
    condition: if above 5%
    action: switch_provider
    level: 2
  - Tell the shop.
---
# Why
Because.
"""


def test_front_matter_becomes_the_runbook_and_the_rest_its_text() -> None:
    book = parse_runbook(GOOD, "rb.md")
    assert (book.id, book.title, book.owner) == ("RB-17", "Payment gateway errors", "payments")
    assert book.steps[0].action == "switch_provider"
    assert book.steps[1].text == "Tell the shop."
    assert book.text.startswith("# Why")
    assert book.reviewed_at is not None
    assert book.reviewed_at.tzinfo is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# no matter", "expected YAML front matter"),
        ("---\ntitle: [\n---\n", "rb.md:"),
        ("---\n- a\n---\n", "expected keys and values"),
        ("---\ntitle: A\n---\n", "id: expected a text"),
        ("---\nid: RB-1\ntitle: A\nowners: b\n---\n", "unknown key 'owners'"),
        ("---\nid: RB-1\ntitle: A\nsteps: [{text: a, level: 4}]\n---\n", "steps[1].level"),
        ("---\nid: RB-1\ntitle: A\nsteps: [{level: 1}]\n---\n", "steps[1]"),
        ("---\nid: RB-1\ntitle: A\nreviewed_at: soon\n---\n", "reviewed_at"),
        ("---\nid: RB-1\ntitle: A\nservices: all\n---\n", "services: expected a list"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_runbook(text, "rb.md")
    assert "rb.md" in str(refused.value)
    assert says in str(refused.value)
