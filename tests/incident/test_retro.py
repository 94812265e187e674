"""The retrospective of an incident."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.affected import Affected
from aiops.domain.cost import Cost, CostBasis
from aiops.domain.incidents import Clause, Incident
from aiops.domain.outcomes import Outcome
from aiops.domain.words import Verb
from aiops.incident.detection import reported
from aiops.incident.retro import as_data, as_markdown, retro
from tests.builders import cause, change, heard, minute
from tests.incident.scenes import DEPLOY, EU_CHECKOUT, incident, loss

BACK = change(at=15, ref="2026.04.18-2", reverts=DEPLOY.ref)
MEASURED = Cost(basis=CostBasis.MEASURED, reason="measured by revenue per minute")
FAILED = Affected(
    journey="checkout",
    service="checkout",
    requests=12_345.6,
    low=11_900,
    high=12_800,
    per_minute=0,
    share=0.069,
    since=minute(3),
    until=minute(18),
    assumption="requests of checkout times its error rate beyond the usual, retries included",
)


def whole() -> Incident:
    """Make the story's incident from its deploy to its end, with all that can be known of it."""
    made = incident(changes=(DEPLOY, BACK), cost=MEASURED, at=16)
    made = replace(
        made,
        paged_at=minute(6),
        owner="payments",
        owner_title="Payments team",
        owner_reason="owns the likely cause, payment-service",
        runbook_id="RB-17",
        runbook_title="Payment gateway errors",
        ruled_out=(Clause(text="search: nothing reaches it", source="rule"),),
        affected=(FAILED,),
        repeat_of="INC-990",
        earlier=(minute(-9000), minute(-3000)),
    )
    return heard(heard(made, Verb.ACKNOWLEDGE, at=8), Verb.RESOLVE, at=40)


def said(one: Incident, heading: str, outcomes: Sequence[Outcome] = ()) -> list[str]:
    (section,) = [part for part in retro(one, outcomes) if part.heading == heading]
    return [fact.text for fact in section.facts]


def test_it_stands_under_the_headings_a_retrospective_has() -> None:
    assert [part.heading for part in retro(whole())] == [
        "What happened",
        "Impact",
        "How long it took",
        "Cause",
        "What was done",
        "Seen before",
        "Open questions",
        "Timeline",
    ]


def test_it_tells_how_long_what_took_from_the_onset() -> None:
    assert said(whole(), "How long it took") == [
        "Began 10:03 UTC; all times are from there.",
        "Noticed after 1 min: system-detected first (seasonal) at 10:04 UTC.",
        "An incident here after 13 min.",
        "People paged after 3 min.",
        "Acknowledged after 5 min.",
        "Rolled back after 12 min.",
        "Quiet, and not back since, after 37 min.",
        "Declared resolved after 37 min.",
    ]


def test_it_tells_the_cost_with_its_interval_and_the_requests_that_failed() -> None:
    told = said(whole(), "Impact")
    assert "Regions: EU." in told
    assert (
        "Revenue per minute in EU down 24%: EUR 14,300 since 10:03 UTC"
        " (90% interval EUR 12,870 to EUR 15,730)." in told
    )
    assert (
        "About 12,300 requests to checkout failed beyond the usual since 10:03 UTC until 10:18 UTC"
        " (6.9% of them; 90% interval 11,900 to 12,800); counted from requests of checkout times"
        " its error rate beyond the usual, retries included." in told
    )
    assert told[-1] == "Cost measured: measured by revenue per minute."


def test_data_that_was_lost_is_told_as_that() -> None:
    dropped = replace(
        loss(0.0, kpi="bookings dropped", unit="bookings", total=431), is_data_loss=True
    )
    told = said(incident(impacts=[dropped]), "Impact")
    assert (
        "Data loss: bookings dropped in EU 431 since 10:03 UTC (90% interval 388 to 474)." in told
    )


def test_it_tells_the_cause_with_its_evidence_and_what_was_ruled_out() -> None:
    assert said(whole(), "Cause") == [
        "Likely cause: deploy 2026.04.18-3 to payment-service at 10:01 UTC (80% sure).",
        "payment-service was off first",
        "Ruled out: search: nothing reaches it",
    ]


def test_it_tells_what_people_did_and_what_they_said_of_it() -> None:
    fixed = Outcome(incident_id="INC-1001", at=minute(50), fixed_by="deploy 2026.04.18-2")
    word = Outcome(incident_id="INC-1001", at=minute(60), judged_by="ann", cause_service="db")
    assert said(whole(), "What was done", [fixed, word]) == [
        "10:15 UTC: deploy 2026.04.18-2 to payment-service; it takes the blamed change back.",
        "10:08 UTC: acknowledged by ann.",
        "10:40 UTC: resolved by ann.",
        "Fixed by deploy 2026.04.18-2.",
        "ann said: a real incident, and it was db.",
        "Runbook: RB-17 (Payment gateway errors).",
    ]


def test_it_tells_how_often_it_was_there_before() -> None:
    assert said(whole(), "Seen before") == [
        "3rd time in 30 days; before it began 12 Apr 04:00 UTC and 16 Apr 08:00 UTC.",
        "Repeats INC-990.",
    ]


def test_of_what_is_known_nothing_is_asked() -> None:
    assert said(whole(), "Open questions") == []


def test_what_nobody_knows_is_asked() -> None:
    unknown = Cost(basis=CostBasis.UNKNOWN, reason="no journey is declared")
    bare = incident(causes=(), impacts=(), cost=unknown)
    bare = replace(
        bare, paged_at=minute(6), owner_reason="default owner: nobody is named as the owner"
    )
    bare = reported(bare, "support", minute(1))
    assert said(bare, "Open questions") == [
        "What was the cause? None stood out.",
        "What did it cost? Unknown: no journey is declared.",
        "How many requests failed? The metrics of no journey's entry tell.",
        "Who owns it? Default owner: nobody is named as the owner.",
        "Which runbook would have helped? None matched.",
        "Why did we not notice it ourselves first? It was customer-reported first.",
        "Who took it? Nobody acknowledged the page.",
        "When will it be over? It still goes on.",
    ]


def test_a_cause_that_is_not_sure_is_a_question() -> None:
    unsure = incident(causes=(cause("search", 0.3),))
    assert "Was it search? We are 30% sure." in said(unsure, "Open questions")


def test_what_customers_reported_before_the_onset_was_noticed_before_it() -> None:
    early = reported(incident(), "support", minute(-7))
    assert said(early, "How long it took")[1] == (
        "Noticed after 10 min before the onset we found:"
        " customer-reported first (support) at 09:53 UTC."
    )


def test_as_markdown_it_has_a_heading_for_each_part_and_a_line_for_each_fact() -> None:
    one = whole()
    text = as_markdown(one, retro(one))
    assert text.startswith(
        "# INC-1001 (P1): EU checkout failures after payment-service deploy\n\n"
        "Saturday 18 April 2026, prod, resolved.\n\n## What happened\n\n- At 10:03 UTC, error rate"
    )
    assert "## Open questions\n\n- Nothing recorded.\n" in text


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (Verb.MITIGATE, "Declared mitigated after"),
        (Verb.RESOLVE, "Declared resolved after"),
        (Verb.DISMISS, "Declared no incident after"),
    ],
)
def test_what_it_was_said_to_be_is_what_somebody_said(verb: Verb, words: str) -> None:
    ended = heard(incident(), verb, at=40)
    (told,) = [fact.text for part in retro(ended) for fact in part.facts if "Declared" in fact.text]
    assert told.startswith(words)


def test_as_data_it_gives_seconds_and_sources() -> None:
    one = whole()
    data = as_data(one, retro(one))
    assert data["incident"]["id"] == "INC-1001"
    assert data["seconds"]["rolled_back_after"] == 720.0
    assert data["seconds"]["mitigated_after"] == 2220.0
    assert all(fact["source"] for part in data["sections"] for fact in part["facts"])


@given(st.text(max_size=60))
def test_no_word_of_others_changes_the_form_of_the_document(word: str) -> None:
    one = replace(incident(), owner_reason=f"default owner: {word}", title=word)
    text = as_markdown(one, retro(one))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == 1 + len(retro(one))


@given(st.sets(st.sampled_from(["causes", "impacts", "blast", "story"])))
def test_it_can_be_written_of_any_incident(without: set[str]) -> None:
    one = incident(
        causes=() if "causes" in without else (cause("search"),),
        impacts=() if "impacts" in without else (loss(),),
        blast=replace(EU_CHECKOUT, journeys=()) if "blast" in without else EU_CHECKOUT,
    )
    one = replace(one, narrative=()) if "story" in without else one
    for part in retro(one):
        for fact in part.facts:
            assert fact.text
            assert fact.source
