"""Updates for stakeholders, as a person reads them before sending."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident, IncidentState, Severity
from aiops.incident.drafts import Audience, Draft, Status, draft
from tests.builders import minute
from tests.notify.stories import incident, resolved


def public(of: Incident) -> Draft:
    return draft(of, Audience.PUBLIC, minute(9))


def test_the_public_learns_what_does_not_work_where_and_since_when() -> None:
    assert public(incident()) == Draft(
        status=Status.IDENTIFIED,
        title="Checkout in EU: requests may fail",
        text=(
            "Since 10:03 UTC checkout in EU has trouble: requests may fail. "
            "We have found the likely reason and are working on it."
        ),
    )


@pytest.mark.parametrize(
    ("of", "status"),
    [
        (incident(causes=()), Status.INVESTIGATING),
        (incident(state=IncidentState.ACKNOWLEDGED), Status.IDENTIFIED),
        (resolved(), Status.MONITORING),
        (resolved(state=IncidentState.RESOLVED, resolved_at=minute(110)), Status.RESOLVED),
    ],
)
def test_its_status_is_that_of_status_pages(of: Incident, status: Status) -> None:
    assert public(of).status is status


@given(st.sampled_from([incident(), incident(causes=()), resolved()]), st.sampled_from(Severity))
def test_the_public_hears_of_no_service_change_number_or_money(
    of: Incident, severity: Severity
) -> None:
    made = public(replace(of, severity=severity))
    secret = ("payment", "2026.04", "EUR", "%", "P1", "P2", "INC-", "deploy", "Payments team")
    assert not [word for word in secret if word in f"{made.title} {made.text}"]


def test_colleagues_hear_everything_and_when_they_hear_more() -> None:
    made = draft(incident(acknowledged_by="ann"), Audience.INTERNAL, minute(9))
    assert made.title == "INC-2048 (P1) EU checkout failures after payment-service deploy"
    assert "Likely cause: deploy 2026.04.18-3 to payment-service" in made.text
    assert "Owner: Payments team, ann is on it." in made.text
    assert made.text.endswith("Next update by 10:39 UTC.")
    assert "Next update" not in draft(resolved(), Audience.INTERNAL, minute(60)).text


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (resolved(dismissed_by="ann"), "INC-2048 is no incident"),
        (incident(merged_into="INC-1"), "INC-2048 is told with INC-1"),
    ],
)
def test_there_is_nothing_to_say_of_what_is_none(of: Incident, said: str) -> None:
    with pytest.raises(InputError, match=said):
        public(of)
