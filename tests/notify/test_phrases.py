from dataclasses import replace
from datetime import timedelta

from aiops.domain.incidents import IncidentState
from aiops.notify.phrases import (
    cause_words,
    clean,
    duration_words,
    headline,
    impact_words,
    incident_url,
    introduction,
    state_words,
)
from tests.notify.stories import impact, incident, resolved


def test_an_incident_is_introduced_as_the_requirement_says() -> None:
    assert introduction(incident()) == (
        "I've created incident INC-2048 (P1). Likely owner: Payments team. Suggested runbook:"
        " RB-17 (Payment gateway errors). Type `/runbook RB-17` to see steps."
    )


def test_without_a_runbook_it_says_so() -> None:
    assert introduction(incident(runbook_id=None)) == (
        "I've created incident INC-2048 (P1). Likely owner: Payments team. No runbook matches yet."
    )


def test_a_headline_is_cut_where_the_limit_is() -> None:
    assert headline(incident(title="x" * 300), 40).endswith("…")
    assert len(headline(incident(title="x" * 300), 40)) == 40


def test_a_loss_is_told_with_its_rate_its_total_and_how_sure_it_is() -> None:
    assert impact_words(impact(assumption="40 EUR per checkout")) == (
        "revenue per minute in EU down 24%: EUR 1,228 lost per minute, EUR 2,456 since 10:03 UTC"
        " (90% interval EUR 2,100 to EUR 2,800); assumed: 40 EUR per checkout"
    )
    assert "lost per minute" not in impact_words(impact(per_minute=0.0))


def test_a_cause_is_told_with_its_change_and_confidence() -> None:
    assert cause_words(incident().causes[0]) == (
        "deploy 2026.04.18-3 to payment-service at 10:01 UTC (82% sure)"
    )
    provider = replace(incident().causes[0], service="card-provider")
    assert cause_words(provider).startswith("card-provider, after deploy 2026.04.18-3 to payment")
    assert cause_words(replace(provider, change=None)) == "card-provider (82% sure)"


def test_an_ending_says_how_long_it_lasted_and_what_it_cost() -> None:
    assert state_words(resolved()) == (
        "INC-2048 is over: it lasted 38 min and has been quiet since 10:41 UTC."
        " It cost about EUR 46,000 of revenue in EU."
    )


def test_other_states_are_told_too() -> None:
    acknowledged = incident(state=IncidentState.ACKNOWLEDGED, acknowledged_by="ann")
    merged = incident(state=IncidentState.MERGED, merged_into="INC-2047")
    assert state_words(acknowledged) == "INC-2048 was acknowledged by ann."
    assert state_words(merged) == "INC-2048 was merged into INC-2047: follow it there."
    assert state_words(incident()) == "INC-2048 is open."


def test_an_address_needs_a_base() -> None:
    assert incident_url("", incident()) == ""
    assert incident_url("http://a/b/", incident()) == "http://a/b/incidents/INC-2048"


def test_text_of_any_kind_becomes_one_clean_line() -> None:
    assert clean("\x1b[31mred\u202e\ud800\n", 20) == "[31mred ?"
    assert duration_words(timedelta(seconds=59)) == "less than a minute"
