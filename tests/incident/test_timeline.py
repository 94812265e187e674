"""What happened and when."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.incidents import Decision, Incident, Reason, Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.symptoms import Origin, SymptomKind
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.incident.timeline import MOST_ONSETS, decided, extend, timeline
from tests.builders import ended, minute, series, shop, story, symptom
from tests.incident.scenes import DEPLOY, incident


def test_it_tells_changes_and_onsets_in_order() -> None:
    told = timeline((), story(), (DEPLOY,), shop())
    assert told[0].text == "deploy 2026.04.18-3 to payment-service"
    assert [entry.kind for entry in told[1:]] == [TimelineKind.ONSET] * 4
    assert "error rate on /checkout in EU 0.3% → 7.2%" in {entry.text for entry in told}
    assert [entry.at for entry in told] == sorted(entry.at for entry in told)


def test_it_is_extended_and_never_rewritten() -> None:
    first = timeline((), story(), (DEPLOY,), shop())
    worse = [replace(one, observed=one.observed * 2) for one in story()]
    second = timeline(first, [ended(one, 20) for one in worse], (DEPLOY,), shop())
    assert set(first) <= set(second)
    assert timeline(second, [ended(one, 20) for one in worse], (DEPLOY,), shop()) == second
    assert sum(entry.kind is TimelineKind.ENDED for entry in second) == 4


def test_what_got_worse_since_it_was_told_is_a_peak() -> None:
    failing = story()[0]
    first = timeline((), [failing], (), shop())
    worse = replace(failing, observed=0.12, strength=70, last_seen=minute(12))
    (peak,) = set(timeline(first, [worse], (), shop())) - set(first)
    assert (peak.kind, peak.at) == (TimelineKind.PEAK, minute(12))
    assert peak.text.endswith("at its worst so far: 0.3% → 12%")


def test_an_end_says_whether_the_value_came_back_or_became_normal() -> None:
    over = ended(story()[0], 20)
    (back,) = set(timeline((), [over], (), shop())) - set(timeline((), [story()[0]], (), shop()))
    stayed = replace(over, new_normal=0.009)
    settled = next(
        one for one in timeline((), [stayed], (), shop()) if one.kind is TimelineKind.ENDED
    )
    assert back.text == "error rate on /checkout in EU back to normal"
    assert settled.text == "error rate on /checkout in EU stays at 0.9%: the normal from here on"


def test_a_silence_that_was_given_up_is_not_said_to_be_over() -> None:
    silent = replace(ended(story()[0], 20), kind=SymptomKind.TELEMETRY_GAP, new_normal=0.0)
    texts = [one.text for one in timeline((), [silent], (), shop())]
    assert texts[-1].endswith("still not reported: no longer expected")


def note(sink: str, action: DeliveryAction, at: float) -> Notification:
    return Notification(
        incident_id="INC-1001",
        episode=1,
        revision=1,
        sink=sink,
        action=action,
        not_before=minute(at),
        reason="",
        origin=Origin.LIVE,
    )


def fresh(one: Incident, before: Incident | None, *notes: Notification, at: float) -> list[str]:
    told = decided(one, before, notes, minute(at))
    return [entry.text for entry in told.timeline if entry not in one.timeline]


def test_what_was_decided_is_told_with_its_reason_and_whom_that_tells() -> None:
    paged = replace(incident(), decision=Decision.PAGE, decision_reason=Reason.MONEY_LOST)
    trigger = note("pagerduty", DeliveryAction.TRIGGER, 5.5)

    assert fresh(paged, None, trigger, at=5) == [
        "page: a money KPI is losing",
        "P1: revenue per minute in EU down 24% (P1 from 15%)",
        "message to pagerduty: that it began",
    ]
    (message,) = [
        entry
        for entry in decided(paged, None, [trigger], minute(5)).timeline
        if entry.kind is TimelineKind.MESSAGE
    ]
    assert (message.at, message.source) == (minute(5.5), "message:pagerduty:trigger")


def test_a_severity_that_rises_or_falls_says_from_what_and_why() -> None:
    before = replace(incident(), severity=Severity.P3)
    worse = replace(before, severity=Severity.P1, severity_reason="users meet it")
    better = replace(worse, severity=Severity.P2, severity_reason="clearly less")

    assert fresh(worse, before, at=6) == ["P1, was P3: users meet it"]
    assert fresh(better, worse, at=30) == ["P2, was P1: clearly less"]


def test_what_stays_as_decided_and_updates_of_messages_are_no_entries() -> None:
    one = incident()
    assert fresh(one, one, note("slack", DeliveryAction.UPDATE, 6), at=6) == []


def test_a_return_is_decided_anew() -> None:
    back = replace(incident(), episode=2)
    assert len(fresh(back, incident(), at=50)) == 2


def test_a_storm_is_not_told_one_by_one() -> None:
    storm = [symptom(series(f"service-{number}", "cpu_usage")) for number in range(500)]
    first = timeline((), storm, (), shop())
    assert len(first) == MOST_ONSETS
    over = timeline(first, [ended(one, 20) for one in storm], (), shop())
    assert len(over) == 2 * MOST_ONSETS


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(TimelineKind), st.integers(0, 3))))
def test_extending_in_any_order_and_twice_gives_the_same(
    facts: list[tuple[int, TimelineKind, int]],
) -> None:
    entries = [
        TimelineEntry(at=minute(at), kind=kind, text="", source=str(source))
        for at, kind, source in facts
    ]
    once = extend((), entries)
    assert extend(once, entries) == once == extend((), entries[::-1])
