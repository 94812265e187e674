"""From a candidate to an incident, and its revisions."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.incidents import Decision, IncidentState, Reason, Severity
from aiops.domain.reach import BlastRadius
from aiops.domain.series import Direction
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState
from aiops.domain.words import Verb
from aiops.incident.assemble import assemble, deserves_incident, materially_differs
from aiops.incident.difference import Difference
from aiops.incident.life import reopen
from tests.builders import (
    candidate,
    cause,
    change,
    checkout_errors,
    ended,
    heard,
    minute,
    series,
    shop,
    story,
    symptom,
)
from tests.incident.scenes import DEPLOY, EU_CHECKOUT, incident, loss

RIVAL = change("payments-db", at=2, ref="17")


def deserves(*symptoms: Symptom) -> bool:
    return deserves_incident(symptoms, shop())


def test_the_story_becomes_one_p1_incident() -> None:
    made = incident()
    assert (made.id, made.episode, made.revision) == ("INC-1001", 1, 1)
    assert made.severity is Severity.P1
    assert made.title == "EU checkout failures after payment-service deploy"
    assert made.started_at == minute(3)
    assert made.detected_at == made.updated_at == minute(5)
    assert (made.decision, made.decision_reason) == (Decision.NONE, Reason.MINOR)
    assert made.timeline[0].source == DEPLOY.id
    assert len(made.narrative) == 5


def test_the_same_inputs_twice_change_nothing() -> None:
    made = incident()
    assert incident(previous=made) == made


def test_a_later_tick_without_news_is_no_revision() -> None:
    made = incident()
    later = incident(previous=made, at=6, impacts=(loss(total=14_400),))
    assert later.revision == made.revision
    assert later.updated_at == minute(6)
    assert later.impacts[0].total == 14_400


def test_a_new_service_is_a_revision() -> None:
    made = incident()
    wider = replace(EU_CHECKOUT, sick=("checkout", "payment-service", "payments-db"))
    later = incident(previous=made, blast=wider)
    assert materially_differs(made, later) is Difference.REACH
    assert later.revision == 2


def test_a_wider_scope_is_a_revision_and_a_narrower_one_is_not() -> None:
    everywhere = incident(blast=replace(EU_CHECKOUT, regions=()))
    assert materially_differs(incident(), everywhere) is not None
    narrow = replace(everywhere, blast=EU_CHECKOUT)
    assert materially_differs(everywhere, narrow) is None


def test_a_cost_that_grows_steadily_is_told_now_and_then() -> None:
    made = incident(impacts=(loss(total=1200),))
    current = made
    for number in range(2, 181):
        current = incident(previous=current, at=3 + number, impacts=(loss(total=1200.0 * number),))
    assert 10 <= current.revision <= 30


def test_an_unpaged_incident_follows_its_best_cause() -> None:
    later = incident(previous=incident(), causes=(cause("payments-db", 0.81),))
    assert later.title == "EU checkout failures caused by payments-db"


def test_a_paged_incident_keeps_its_cause_until_another_is_clearly_more_certain() -> None:
    paged = replace(incident(), paged_at=minute(5), decision=Decision.PAGE)
    close_call = incident(previous=paged, at=9, causes=(cause("payments-db", 0.9, by=RIVAL),))
    assert (close_call.causes, close_call.title) == (paged.causes, paged.title)
    assert close_call.revision == paged.revision
    clear = incident(previous=paged, at=9, causes=(cause("payments-db", 0.96, by=RIVAL),))
    assert clear.causes[0].service == "payments-db"
    assert clear.title == "EU checkout failures after payments-db deploy"
    assert clear.revision == paged.revision + 1


def test_while_evidence_comes_in_a_paged_incident_follows_its_best_cause() -> None:
    paged = replace(incident(), paged_at=minute(5), decision=Decision.PAGE)
    soon = incident(previous=paged, at=7, causes=(cause("payments-db", 0.6, by=RIVAL),))
    assert soon.causes[0].service == "payments-db"


def test_an_incident_begins_with_what_hurts_and_not_with_more_load() -> None:
    load = symptom(series("checkout", "requests_total"), at=-20, direction=Direction.UP)
    assert incident((load, *story())).started_at == minute(3)


def test_a_paged_incident_never_forgets_its_cause() -> None:
    paged = replace(incident(), paged_at=minute(5))
    assert incident(previous=paged, causes=()).causes == paged.causes


def test_the_same_cause_brings_its_newest_evidence() -> None:
    paged = replace(incident(), paged_at=minute(5))
    surer = (cause("payment-service", 0.9, by=DEPLOY),)
    assert incident(previous=paged, causes=surer).causes == surer


def test_a_paged_incident_does_not_fall_below_p2() -> None:
    paged = replace(incident(), paged_at=minute(5))
    calm = (symptom(series("payments-db", "cpu_usage")),)
    later = incident(calm, previous=replace(paged, symptoms=()), impacts=())
    assert later.severity is Severity.P2


def test_members_are_kept_with_their_latest_state() -> None:
    made = incident()
    over = ended(story()[0], 9)
    later = incident([over], previous=made)
    assert len(later.symptoms) == 4
    assert over in later.symptoms
    assert incident(previous=later, at=9).started_at == minute(3)


def test_what_other_stages_and_people_said_is_carried_over() -> None:
    owned = replace(
        incident(), owner="payments", runbook_id="RB-17", acknowledged_by="ann", told=("slack",)
    )
    later = incident(previous=owned, at=9)
    assert (later.owner, later.runbook_id, later.acknowledged_by, later.told) == (
        "payments",
        "RB-17",
        "ann",
        ("slack",),
    )


def test_percentages_in_a_title_change_only_with_the_cost() -> None:
    fallen = story()[3:]
    blast = BlastRadius(regions=("EU",), kpis=EU_CHECKOUT.kpis)
    made = incident(fallen, blast=blast, causes=(), impacts=(loss(-0.24),))
    later = incident(fallen, previous=made, blast=blast, causes=(), impacts=(loss(-0.25),), at=6)
    assert later.title == made.title
    dear = (loss(-0.3, total=30_000, per_minute=3000),)
    soon = incident(fallen, previous=made, blast=blast, causes=(), impacts=dear, at=9)
    assert soon.title == made.title
    dearer = incident(fallen, previous=soon, blast=blast, causes=(), impacts=dear, at=10)
    assert "down 30%" in dearer.title


def test_that_it_costs_more_is_told_every_five_minutes_at_most() -> None:
    current = incident(impacts=(loss(total=1200),))
    told = []
    for number in range(2, 32):
        impacts = (loss(total=1200.0 * number),)
        later = incident(previous=current, at=3 + number, impacts=impacts)
        if later.revision > current.revision:
            told.append(3 + number)
        current = later
    assert told[:3] == [10, 15, 20]
    assert all(at % 5 == 0 for at in told)


def test_a_new_episode_takes_nothing_from_the_one_before() -> None:
    over = incident([ended(one, 10) for one in story()], at=12)
    again = reopen(heard(over, Verb.MITIGATE, at=20), minute(30))
    back = symptom(checkout_errors(), at=30)
    later = incident([*(ended(one, 10) for one in story()), back], previous=again, at=31)
    assert later.symptoms == (back,)
    assert later.started_at == minute(30)
    assert later.state is IncidentState.OPEN


def test_a_problem_users_meet_deserves_an_incident() -> None:
    assert deserves(symptom(checkout_errors()))


def test_a_lone_weak_symptom_nobody_meets_stays_a_candidate() -> None:
    assert not deserves(symptom(series("payments-db", "cpu_usage"), strength=6))
    assert deserves(symptom(series("payments-db", "cpu_usage"), strength=13))


def test_two_sick_services_or_families_deserve_an_incident() -> None:
    cpu = symptom(series("payments-db", "cpu_usage"), strength=6)
    assert deserves(cpu, symptom(series("payment-service", "cpu_usage"), strength=6))
    assert deserves(cpu, symptom(series("payments-db", "error_ratio"), strength=6))


def test_mere_load_deserves_none() -> None:
    load = [
        symptom(series(name, "requests_total"), direction=Direction.UP, strength=50)
        for name in ("search", "checkout")
    ]
    assert not deserves(*load, symptom(series("search", "cpu_usage"), strength=20))


def test_a_blip_deserves_none() -> None:
    assert not deserves(symptom(checkout_errors(), last_seen=3, strength=90))


def test_what_gets_better_deserves_none() -> None:
    assert not deserves(symptom(checkout_errors(), before=0.1, observed=0.0))


def test_withdrawn_and_pending_symptoms_deserve_none() -> None:
    for state in (SymptomState.WITHDRAWN, SymptomState.PENDING):
        assert not deserves(replace(symptom(checkout_errors()), state=state))


def test_silence_of_a_journey_deserves_an_incident() -> None:
    gap = symptom(checkout_errors(), kind=SymptomKind.TELEMETRY_GAP, strength=0)
    assert deserves(gap)
    aside = symptom(series("search", "cpu_usage"), kind=SymptomKind.TELEMETRY_GAP, strength=0)
    assert not deserves(aside)


METRICS = ("error_ratio", "latency_seconds", "cpu_usage", "requests_total")
SYMPTOMS = st.builds(
    symptom,
    st.builds(
        series,
        st.sampled_from(["checkout", "payment-service", "payments-db", "stranger"]),
        st.sampled_from(METRICS),
        region=st.sampled_from([None, "EU", "US"]),
    ),
    at=st.integers(0, 9),
    until=st.none() | st.integers(11, 20),
    strength=st.floats(0, 100),
    observed=st.floats(0, 1000),
)


@given(st.lists(SYMPTOMS, min_size=1, max_size=6), st.floats(-0.9, -0.01), st.booleans())
def test_assembling_twice_changes_nothing_whatever_the_symptoms(
    symptoms: list[Symptom], relative: float, paged: bool
) -> None:
    first = incident(symptoms, impacts=(loss(relative),))
    if paged:
        first = replace(first, paged_at=minute(5), decision=Decision.PAGE)
        first = incident(symptoms, previous=first, impacts=(loss(relative),))
    assert incident(symptoms, previous=first, impacts=(loss(relative),)) == first
    assert len(first.title) <= 120


def test_the_environment_comes_from_the_symptoms() -> None:
    one = symptom(series("checkout", "error_ratio", env="staging"))
    made = assemble(
        candidate(one), None, BlastRadius(), (), (), minute(5), shop(), incident_id="INC-1"
    )
    assert made.env == "staging"
