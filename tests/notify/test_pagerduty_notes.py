"""Notes to incidents of others, against a strict loopback of PagerDuty's REST API."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident, IncidentState, Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.notify.pagerduty_notes import PagerDutyNotes
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.pagerduty_incidents import PagerDutyIncidents, RestIncident, create_app
from aiops.receivers.server import serve
from tests.builders import minute
from tests.notify.stories import incident, notification, resolved

WRITES = "writes"
BOT, ANN = "aiops@shop.example", "ann@shop.example"
T, U, A, R = (
    DeliveryAction.TRIGGER,
    DeliveryAction.UPDATE,
    DeliveryAction.ACKNOWLEDGE,
    DeliveryAction.RESOLVE,
)


@dataclass
class Bench:
    """A writer of notes, the strict other end, and an incident of others there."""

    url: str
    client: httpx.Client
    ledger: PagerDutyIncidents
    faults: FaultPlan

    def writer(self, token: str = WRITES, write_as: str = BOT, **how: Any) -> PagerDutyNotes:
        base = "https://aiops.example.com"
        return PagerDutyNotes(
            "pagerduty", self.url, token, write_as, base, client=self.client, **how
        )

    def tell(
        self,
        one: Incident,
        action: DeliveryAction = T,
        told: dict[str, str] | None = None,
        *,
        by: PagerDutyNotes | None = None,
        repeated: bool = False,
    ) -> dict[str, str]:
        writer = by or self.writer()
        note = to_page(one, action)
        payload = writer.payload(one, note, told or {})
        return dict(writer.send(note, payload, repeated=repeated).reference)

    @property
    def page(self) -> RestIncident:
        return self.ledger.incidents["Q1"]


def to_page(one: Incident, action: DeliveryAction) -> Notification:
    return replace(notification(one, action), sink="pagerduty/Q1")


@pytest.fixture
def bench() -> Iterator[Bench]:
    ledger = PagerDutyIncidents(
        tokens={WRITES},
        read_only={"reads"},
        users={BOT: "PBOT", ANN: "PANN001"},
        clock=lambda: minute(4),
    )
    ledger.open("Q1", "d3640fbd")
    faults = FaultPlan()
    with serve(create_app(ledger, faults)) as url, httpx.Client(trust_env=False) as client:
        yield Bench(url, client, ledger, faults)


def test_the_first_note_says_what_why_whom_it_costs_and_where_to_look(bench: Bench) -> None:
    bench.tell(incident())
    (note,) = bench.page.notes
    lines = note.splitlines()
    assert lines[0].startswith("INC-2048 (P1) EU checkout failures")
    assert lines[1].startswith("Likely cause: deploy 2026.04.18-3 to payment-service")
    for begins in ("Reaches: checkout", "Costs: ", "Runbook: RB-17", "See https://aiops.example"):
        assert any(line.startswith(begins) for line in lines), begins
    assert lines[-1] == "[aiops INC-2048.1 trigger.1]"


def test_a_note_names_our_own_page_where_that_went_first(bench: Bench) -> None:
    bench.tell(incident(told=("pagerduty",), paged_at=minute(4)))
    assert "Paged before as INC-2048.1" in bench.page.notes[0]


def test_another_note_says_only_what_changed_of_cause_and_severity(bench: Bench) -> None:
    told = bench.tell(incident())
    told = bench.tell(incident(revision=2, assignee="ann", escalated=1), U, told)
    assert len(bench.page.notes) == 1, "who has it is no news for those who were called"
    worse = incident(revision=3, severity=Severity.P2, severity_reason="less is lost")
    told = bench.tell(worse, U, told)
    assert bench.page.notes[1].startswith(
        "INC-2048: Severity is now P2, was P1: less is lost.\n[aiops INC-2048.1 update.3]"
    )
    bench.tell(replace(worse, revision=4), U, told)
    assert len(bench.page.notes) == 2


def test_what_was_only_quiet_gets_its_end_noted_and_stays_theirs(bench: Bench) -> None:
    bench.tell(resolved(state=IncidentState.MITIGATED), R)
    assert "is over: it lasted" in bench.page.notes[0]
    assert bench.page.status == "triggered"


@pytest.mark.parametrize(("who", "name"), [(ANN, ANN), ("bob@shop.example", BOT), ("bob", BOT)])
def test_what_a_person_said_here_is_said_there_in_their_name_where_they_are_known(
    bench: Bench, who: str, name: str
) -> None:
    taken = incident(
        state=IncidentState.ACKNOWLEDGED, acknowledged_by=who, acknowledged_at=minute(5)
    )
    bench.tell(taken, A)
    assert (bench.page.status, bench.page.by) == ("acknowledged", [name])
    assert f"was acknowledged by {who}" in bench.page.notes[0]
    bench.tell(resolved(state=IncidentState.MITIGATED, mitigated_by=who), R)
    assert (bench.page.status, bench.page.by) == ("resolved", [name, name])


@pytest.mark.parametrize("stands", ["acknowledged", "resolved"])
def test_what_stands_so_already_is_as_it_should_be(bench: Bench, stands: str) -> None:
    bench.page.status = stands
    bench.tell(incident(state=IncidentState.ACKNOWLEDGED, acknowledged_by=ANN), A)
    assert bench.page.status == stands


def test_a_merged_incident_ends_nothing_of_others(bench: Bench) -> None:
    link = resolved(state=IncidentState.MERGED, merged_into="INC-1", mitigated_by=ANN)
    bench.tell(link, R)
    assert bench.page.status == "triggered"
    assert "follow it there" in bench.page.notes[0]


@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER])
def test_after_an_answer_that_was_lost_it_looks_before_it_repeats(
    bench: Bench, kind: FaultKind
) -> None:
    bench.faults.add(Fault(kind=kind, path="/incidents/Q1/notes", method="POST"))
    with pytest.raises(DeliveryError) as caught:
        bench.tell(incident())
    assert caught.value.ambiguous
    bench.tell(incident(), repeated=True)
    bench.tell(incident(), repeated=True)
    assert len(bench.page.notes) == 1


def test_a_note_of_another_delivery_is_not_taken_for_this_one(bench: Bench) -> None:
    bench.page.notes.append("[aiops INC-2048.1 trigger.12]")
    bench.tell(incident(), repeated=True)
    assert len(bench.page.notes) == 2


def test_its_429_says_when_to_come_again(bench: Bench) -> None:
    bench.faults.add(Fault(kind=FaultKind.STATUS, status=429, retry_after_seconds=17))
    with pytest.raises(DeliveryError) as caught:
        bench.tell(incident())
    assert (caught.value.retryable, caught.value.retry_after_seconds) == (True, 17)
    assert not caught.value.ambiguous


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"token": "old"}, "renew AIOPS_PAGERDUTY_WRITE_TOKEN"),
        ({"token": "reads"}, "it may only read"),
        ({"write_as": "nobody@shop.example"}, "Requester User Not Found"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do_without_the_token(
    bench: Bench, how: dict[str, str], said: str
) -> None:
    with pytest.raises(DeliveryError, match=said) as caught:
        bench.tell(incident(), by=bench.writer(**how))
    assert not caught.value.retryable
    assert how.get("token", "secret") not in str(caught.value)


def test_garbage_and_5xx_may_have_been_taken(bench: Bench) -> None:
    for kind in (FaultKind.GARBAGE, FaultKind.STATUS):
        bench.faults.add(Fault(kind=kind, status=502))
        with pytest.raises(DeliveryError) as caught:
            bench.tell(incident())
        assert caught.value.retryable
        assert caught.value.ambiguous


def test_what_came_after_our_page_is_merged_into_it_where_settings_say_so(bench: Bench) -> None:
    bench.ledger.open("Q0", "INC-2048.1")
    first = incident(told=("pagerduty",), paged_at=minute(4))
    bench.tell(first)
    assert bench.page.merged_into == "", "only where settings say so"
    bench.tell(first, by=bench.writer(merges=True))
    assert bench.page.merged_into == "Q0"


def test_nothing_is_merged_where_we_have_not_paged_or_our_page_is_over(bench: Bench) -> None:
    merging = bench.writer(merges=True)
    bench.tell(incident(), by=merging)
    bench.ledger.open("Q0", "INC-2048.1").status = "resolved"
    bench.tell(incident(told=("pagerduty",), paged_at=minute(4)), by=merging)
    assert bench.page.merged_into == ""
