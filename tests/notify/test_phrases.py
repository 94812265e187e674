from aiops.domain.incidents import IncidentState
from aiops.notify.phrases import (
    clean,
    headline,
    incident_url,
    introduction,
    state_words,
)
from tests.notify.stories import incident, resolved


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
