"""A person's report is evidence like any other: kept, correlated, told, and ended by a person."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from aiops.domain.errors import InputError, StoreError
from aiops.domain.incidents import Decision, Incident, IncidentState, Reason, Severity
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import SymptomKind
from aiops.domain.words import Asker, Place, Verb
from aiops.incident.detection import DetectionSource, first_detection
from tests import builders
from tests.workers.installation import Installation, go_on
from workers.cli import app
from workers.commands import declare as command
from workers.declaring import declare, incident_of, outcome_words
from workers.hearing import say
from workers.listening import listen

ANN = Asker(name="ann", place=Place.SLACK, key="trigger-1")


@pytest.fixture
def calm(parts: Installation) -> Installation:
    """The small shop, nothing measured yet, in a mode that pages."""
    paging = PagingPolicy(mode=Mode.IN_PATH, page_sinks=("pagerduty",), ticket_sinks=("pagerduty",))
    parts._known = builders.shop(policies=Policies(paging=paging))
    return parts


def report(parts: Installation, said: str, by: Asker = ANN) -> Incident:
    """Declare something, and return its incident."""
    declare(parts, said, by)
    parts.drain()
    (found,) = parts.incidents.recent()
    return found


def reports_in(incident: Incident) -> list[Any]:
    return [one for one in incident.symptoms if one.kind is SymptomKind.REPORT]


def test_a_report_opens_an_incident_that_says_who_reported_what(calm: Installation) -> None:
    found = report(calm, "payment-service checkout is failing in EU")
    assert found.title == "payment-service: “checkout is failing in EU”"
    assert found.story.startswith(
        "At 10:00 UTC, ann reported of `payment-service`: “checkout is failing in EU”."
    )
    assert (found.severity, found.decision) == (Severity.P2, Decision.PAGE)
    assert found.decision_reason is Reason.REPORTED
    assert first_detection(found).source is DetectionSource.CUSTOMER
    assert first_detection(found).by == "ann"


def test_who_reports_that_something_fails_has_not_said_why(calm: Installation) -> None:
    assert report(calm, "payment-service checkout is failing in EU").causes == ()


def test_a_report_is_no_evidence_against_the_service_it_names(shop: Installation) -> None:
    (before,) = shop.incidents.recent()
    found = report(shop, "checkout nobody can pay")
    assert [one.service for one in found.causes] == [one.service for one in before.causes]
    said = {clause.source for one in found.causes for clause in one.evidence}
    assert reports_in(found)[0].id not in said


@pytest.mark.parametrize("level", list(Severity))
def test_how_bad_it_is_may_be_said(calm: Installation, level: Severity) -> None:
    assert report(calm, f"payment-service {level.value.lower()} it fails").severity is level


def test_a_command_that_knows_no_redis_keeps_a_report_for_the_next_sweep(
    calm: Installation,
) -> None:
    known = calm.settings
    calm.settings = replace(known, redis_url=None)
    declare(calm, "payment-service checkout is failing in EU", ANN)
    assert calm.tasks.names() == []
    calm.settings = known
    listen(calm)
    calm.drain()
    assert len(calm.incidents.recent()) == 1


def test_the_same_request_twice_is_one_report(calm: Installation) -> None:
    for _ in range(2):
        report(calm, "payment-service it fails")
    found = report(calm, "payment-service it fails")
    assert len(reports_in(found)) == 1
    assert found.revision == 1


def test_the_same_words_typed_twice_are_one_report(calm: Installation) -> None:
    report(calm, "payment-service it fails")
    again = Asker(name="ann", place=Place.SLACK, key="trigger-2")
    assert len(reports_in(report(calm, "payment-service it fails", again))) == 1


def test_a_second_person_joins_the_incident_of_the_first(calm: Installation) -> None:
    report(calm, "payment-service it fails")
    calm.hand.move(120)
    found = report(calm, "checkout nobody can pay", Asker(name="bob", place=Place.CONSOLE))
    assert len(reports_in(found)) == 2


def test_a_report_joins_the_incident_that_is_measured(shop: Installation) -> None:
    (before,) = shop.incidents.recent()
    found = report(shop, "payment-service checkout is failing in EU")
    assert found.id == before.id
    assert found.title == before.title, "it is told by what is measured"
    assert len(reports_in(found)) == 1
    assert outcome_words(shop, found, reports_in(found)[0].id).startswith("Your report joined INC-")


def test_one_that_joined_ends_with_what_is_measured(shop: Installation) -> None:
    report(shop, "payment-service checkout is failing")
    go_on(shop, until=75)
    (found,) = shop.incidents.recent()
    assert found.state in (IncidentState.MITIGATED, IncidentState.RESOLVED)
    assert not reports_in(found)[0].is_open


def test_one_alone_lasts_until_a_person_says_that_it_is_over(calm: Installation) -> None:
    found = report(calm, "payment-service it fails")
    _pass(calm, hours=5)
    assert calm.incidents.get(found.id).is_live  # type: ignore[union-attr]
    say(calm, found.id, Verb.MITIGATE, by="ann")
    _pass(calm, hours=2)
    after = calm.incidents.get(found.id)
    assert after is not None
    assert after.state is IncidentState.RESOLVED
    assert not reports_in(after)[0].is_open


def test_what_was_reported_of_an_incident_that_is_over_never_comes_back(
    calm: Installation,
) -> None:
    found = report(calm, "payment-service it fails")
    say(calm, found.id, Verb.RESOLVE, by="ann")
    _pass(calm, hours=24 * 40, step_hours=24)
    assert [one.id for one in calm.incidents.recent()] == [found.id]


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("", "of which service"),
        ("P1", "of which service"),
        ("payment-service", "what is wrong with payment-service"),
        ("paymentservice it fails", "Did you mean payment-service"),
        ("zzz it fails", "no service is called zzz. There are"),
    ],
)
def test_what_is_missing_is_asked_back_and_nothing_is_created(
    calm: Installation, said: str, asks: str
) -> None:
    with pytest.raises(InputError, match=asks):
        declare(calm, said, ANN)
    calm.drain()
    assert not calm.incidents.recent()
    assert not calm.words.waiting()


def test_a_report_that_is_kept_survives_a_worker_that_dies(calm: Installation) -> None:
    declare(calm, "payment-service it fails", ANN)
    calm.tasks.tasks.clear()
    (body,) = calm.words.waiting()
    store = calm.bodies.done
    calm.bodies.done = _die  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        listen(calm)
    calm.bodies.done = store  # type: ignore[method-assign]
    listen(calm)
    calm.drain()
    (found,) = calm.incidents.recent()
    assert len(reports_in(found)) == 1
    assert body not in calm.words.waiting()


def test_a_region_that_is_named_is_meant(calm: Installation) -> None:
    calm.settings = replace(calm.settings, regions=("EU", "US"))
    found = report(calm, "payment-service checkout is failing in EU.")
    assert found.blast.regions == ("EU",)


def test_words_that_would_mention_or_link_stay_words(calm: Installation) -> None:
    said = "payment-service <!channel> <https://evil.example|x> \x00\u202e it fails"
    found = report(calm, said)
    (one,) = reports_in(found)
    assert "\x00" not in one.series.key.label("words")
    assert "\u202e" not in one.series.key.label("words")


def test_who_reported_hears_which_incident_it_is(calm: Installation) -> None:
    found = report(calm, "payment-service it fails")
    (one,) = reports_in(found)
    assert incident_of(calm, "prod", one.id) == found
    assert outcome_words(calm, found, one.id).startswith(f"Your report opened {found.id} (P2)")
    assert "no incident has come of it" in outcome_words(calm, None, one.id)


def test_the_command_line_reports_and_says_which_incident_it_is(
    calm: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm.drain()
    monkeypatch.setattr(command, "client", lambda _config: calm)
    monkeypatch.setattr(command, "_incident", lambda *_: _drained(calm))
    ran = CliRunner().invoke(
        app, ["incident", "declare", "payment-service", "it", "fails", "--severity", "P1"]
    )
    assert ran.exit_code == 0, ran.output
    assert "Your report opened INC-1001 (P1)" in ran.output


def test_where_it_cannot_be_kept_nobody_is_told_that_it_was(calm: Installation) -> None:
    def refuse(_: object) -> None:
        raise StoreError("the disk is full")

    calm.intake.accept = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreError):
        declare(calm, "payment-service it fails", ANN)


def _drained(parts: Installation) -> Incident:
    parts.drain()
    return parts.incidents.recent()[0]


def _die(_: object) -> None:
    raise KeyboardInterrupt


def _pass(parts: Installation, *, hours: int, step_hours: float = 0.25) -> None:
    """Let time pass in which nothing is measured."""
    for _ in range(int(hours / step_hours)):
        parts.hand.at += timedelta(hours=step_hours)
        parts.correlate.sweep()
        parts.drain()
