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
from aiops.receivers.pagerduty_incidents import PagerDutyIncidents, create_app
from aiops.receivers.pagerduty_rest_incident import RestIncident
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
        priorities={"P1": "PRIO1", "p2": "PRIO2"},
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
    one = incident(adopted=("pagerduty/Q1",))
    told = bench.tell(one)
    told = bench.tell(replace(one, revision=2, assignee="ann", escalated=1), U, told)
    assert len(bench.page.notes) == 1, "who has it is no news for those who were called"
    worse = replace(one, revision=3, severity=Severity.P2, severity_reason="less is lost")
    told = bench.tell(worse, U, told)
    assert bench.page.notes[1].startswith(
        "INC-2048: Severity is now P2, was P1: less is lost.\n[aiops INC-2048.1 update.3]"
    )
    bench.tell(replace(worse, revision=4), U, told)
    assert len(bench.page.notes) == 2


def test_what_was_only_quiet_gets_its_end_noted_and_stays_theirs(bench: Bench) -> None:
    bench.tell(resolved(state=IncidentState.MITIGATED, adopted=("pagerduty/Q1",)), R)
    assert "is over: it lasted" in bench.page.notes[0]
    assert bench.page.status == "triggered"


@pytest.mark.parametrize(("who", "name"), [(ANN, ANN), ("bob@shop.example", BOT), ("bob", BOT)])
def test_what_a_person_said_here_is_said_there_in_their_name_where_they_are_known(
    bench: Bench, who: str, name: str
) -> None:
    taken = incident(
        adopted=("pagerduty/Q1",),
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_by=who,
        acknowledged_at=minute(5),
    )
    bench.tell(taken, A)
    assert (bench.page.status, bench.page.by) == ("acknowledged", [name])
    assert f"was acknowledged by {who}" in bench.page.notes[0]
    over = resolved(state=IncidentState.MITIGATED, mitigated_by=who, adopted=("pagerduty/Q1",))
    bench.tell(over, R)
    assert (bench.page.status, bench.page.by) == ("resolved", [name, name])


@pytest.mark.parametrize("stands", ["acknowledged", "resolved"])
def test_what_stands_so_already_is_as_it_should_be(bench: Bench, stands: str) -> None:
    bench.page.status = stands
    taken = incident(state=IncidentState.ACKNOWLEDGED, acknowledged_by=ANN)
    bench.tell(replace(taken, adopted=("pagerduty/Q1",)), A)
    assert bench.page.status == stands


def test_a_merged_incident_ends_nothing_of_others(bench: Bench) -> None:
    link = resolved(
        state=IncidentState.MERGED,
        merged_into="INC-1",
        mitigated_by=ANN,
        adopted=("pagerduty/Q1",),
    )
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


def own(one: Incident, action: DeliveryAction = U) -> Notification:
    return replace(notification(one, action), sink=f"pagerduty/{one.dedup_key}")


def test_whom_an_incident_is_given_to_our_own_page_is_assigned_to_without_a_word(
    bench: Bench,
) -> None:
    page = bench.ledger.open("Q0", "INC-2048.1")
    writer, given = bench.writer(), incident(assignee=ANN, revision=2)
    payload = writer.payload(given, own(given), {})
    told = writer.send(own(given), payload, repeated=False).reference
    assert page.assignees == ["PANN001"]
    assert page.notes == []
    page.assignees = ["PBOB"]
    writer.send(own(given), writer.payload(given, own(given), told), repeated=False)
    assert page.assignees == ["PBOB"], "said once; what they do there since is theirs"


@pytest.mark.parametrize("who", ["Payments team", "nobody@shop.example"])
def test_whom_pagerduty_does_not_know_nothing_is_assigned_to(bench: Bench, who: str) -> None:
    page = bench.ledger.open("Q0", "INC-2048.1")
    given = incident(assignee=who, revision=2)
    bench.writer().send(own(given), bench.writer().payload(given, own(given), {}), repeated=False)
    assert page.assignees == []


def test_an_adopted_page_is_assigned_to_whoever_is_given_the_incident_later(
    bench: Bench,
) -> None:
    one = incident(adopted=("pagerduty/Q1",))
    told = bench.tell(one)
    bench.tell(replace(one, assignee=ANN, revision=2), U, told)
    assert bench.page.assignees == ["PANN001"]


def test_a_page_of_ours_that_was_opened_when_all_was_over_is_resolved_with_a_note(
    bench: Bench,
) -> None:
    over = resolved(state=IncidentState.MITIGATED, mitigated_by=ANN)
    late = bench.ledger.open("Q9", "INC-2048.1")
    note = replace(notification(over, R), sink="pagerduty/Q9")
    for repeated in (False, True):
        bench.writer().send(note, bench.writer().payload(over, note, {}), repeated=repeated)
    assert (late.status, late.by) == ("resolved", [BOT])
    (said,) = late.notes
    assert said.startswith("INC-2048 was over when this was opened")


def test_one_whose_end_arrived_meanwhile_is_left_alone(bench: Bench) -> None:
    over = resolved(state=IncidentState.MITIGATED, mitigated_by=ANN)
    bench.ledger.open("Q9", "INC-2048.1").status = "resolved"
    note = replace(notification(over, R), sink="pagerduty/Q9")
    bench.writer().send(note, bench.writer().payload(over, note, {}), repeated=False)
    assert bench.ledger.incidents["Q9"].notes == []


SHOW = DeliveryAction.REFRESH


def show(bench: Bench, one: Incident, told: dict[str, str]) -> dict[str, str]:
    writer, note = bench.writer(), own(one, SHOW)
    return dict(writer.send(note, writer.payload(one, note, told), repeated=False).reference)


def test_our_page_has_the_priority_of_our_severity_where_the_account_has_one(
    bench: Bench,
) -> None:
    page = bench.ledger.open("Q0", "INC-2048.1")
    told = show(bench, incident(), {})
    assert page.priority == "PRIO1"
    page.priority = "PRIO9"
    told = show(bench, incident(revision=2), told)
    assert page.priority == "PRIO9", "a person gave it another since"
    told = show(bench, incident(revision=3, severity=Severity.P2), told)
    assert page.priority == "PRIO2"
    show(bench, incident(revision=4, severity=Severity.P3), told)
    assert page.priority == "PRIO2", "no priority is named so"
    assert page.notes == []


def test_what_is_not_there_yet_gets_its_priority_with_the_next_news(bench: Bench) -> None:
    told = show(bench, incident(), {})
    page = bench.ledger.open("Q0", "INC-2048.1")
    show(bench, incident(revision=2), told)
    assert page.priority == "PRIO1"


def test_an_account_without_priorities_is_no_fault(bench: Bench) -> None:
    bench.ledger._priorities = {}
    page = bench.ledger.open("Q0", "INC-2048.1")
    show(bench, incident(), {})
    assert page.priority == ""


def test_a_page_of_others_keeps_the_priority_it_has(bench: Bench) -> None:
    bench.tell(incident(adopted=("pagerduty/Q1",)))
    assert bench.page.priority == ""
