from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Decision, Impact, Incident, IncidentState, Reason, Severity
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.reach import BlastRadius
from aiops.domain.symptoms import Symptom
from aiops.route import decision as deciding
from tests.builders import change, checkout_errors, minute, revenue, shop, story, symptom


def incident(severity: Severity = Severity.P1, **extra: object) -> Incident:
    made = Incident(
        id="INC-1001",
        env="prod",
        episode=1,
        revision=1,
        state=IncidentState.OPEN,
        severity=severity,
        severity_reason="",
        decision=Decision.NONE,
        decision_reason=Reason.MINOR,
        title="EU checkout failures",
        started_at=minute(3),
        detected_at=minute(4),
        updated_at=minute(4),
        symptoms=story(),
        blast=BlastRadius(sick=("checkout",), regions=("EU",)),
        impacts=(
            Impact(
                kpi="revenue per minute",
                unit="EUR",
                since=minute(3),
                per_minute=1200,
                total=1200,
                relative=-0.24,
                low=1000,
                high=1400,
            ),
        ),
    )
    return replace(made, **extra)  # type: ignore[arg-type]


def knowing(**paging: object) -> Knowledge:
    policy = PagingPolicy(mode=Mode.IN_PATH, **paging)  # type: ignore[arg-type]
    return shop(policies=Policies(paging=policy))


def decide(
    incident: Incident, changes: Sequence[Change], at: datetime, knowledge: Knowledge
) -> tuple[Decision, Reason]:
    verdict = deciding.decide(incident, EnvTick(at=at, changes=tuple(changes)), knowledge)
    return verdict.decision, verdict.reason


def test_a_money_kpi_that_loses_pages() -> None:
    assert decide(incident(), (), minute(4), knowing()) == (Decision.PAGE, Reason.MONEY_LOST)


def test_a_journey_that_users_meet_pages_without_money() -> None:
    made = incident(Severity.P2, impacts=())
    assert decide(made, (), minute(4), knowing()) == (Decision.PAGE, Reason.JOURNEY_HIT)


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        (Severity.P3, (Decision.TICKET, Reason.NOT_USER_VISIBLE)),
        (Severity.P4, (Decision.NONE, Reason.MINOR)),
    ],
)
def test_what_no_user_meets_never_pages(
    severity: Severity, expected: tuple[Decision, Reason]
) -> None:
    assert decide(incident(severity), (), minute(4), knowing()) == expected


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(Mode.OBSERVE, Reason.OBSERVE_MODE), (Mode.BESIDE, Reason.BESIDE_MODE)],
)
def test_only_in_path_pages(mode: Mode, reason: Reason) -> None:
    knowledge = shop(policies=Policies(paging=PagingPolicy(mode=mode)))
    assert decide(incident(), (), minute(4), knowledge) == (Decision.TICKET, reason)


@pytest.mark.parametrize(
    ("everybody", "team", "expected"),
    [
        (Mode.IN_PATH, Mode.BESIDE, (Decision.TICKET, Reason.BESIDE_MODE)),
        (Mode.IN_PATH, Mode.OBSERVE, (Decision.TICKET, Reason.OBSERVE_MODE)),
        (Mode.BESIDE, Mode.IN_PATH, (Decision.PAGE, Reason.MONEY_LOST)),
        (Mode.OBSERVE, Mode.IN_PATH, (Decision.TICKET, Reason.OBSERVE_MODE)),
    ],
)
def test_the_owners_mode_counts_unless_everybody_only_observes(
    everybody: Mode, team: Mode, expected: tuple[Decision, Reason]
) -> None:
    policy = PagingPolicy(mode=everybody, team_modes=(("payments", team),))
    knowledge = shop(policies=Policies(paging=policy))
    assert decide(incident(owner="payments"), (), minute(4), knowledge) == expected
    others = decide(incident(owner="web"), (), minute(4), knowledge)
    assert others == decide(
        incident(), (), minute(4), shop(policies=Policies(paging=PagingPolicy(mode=everybody)))
    )


def test_an_environment_nobody_declared_is_recorded_and_never_paged() -> None:
    found = decide(incident(env="sandbox"), (), minute(4), knowing())
    assert found == (Decision.NONE, Reason.ENVIRONMENT_UNKNOWN)


def test_an_environment_that_does_not_page_gets_a_ticket() -> None:
    knowledge = knowing(known_environments=frozenset({"prod", "staging"}))
    found = decide(incident(env="staging"), (), minute(4), knowledge)
    assert found == (Decision.TICKET, Reason.ENVIRONMENT_DOES_NOT_PAGE)


def test_young_series_alone_never_page() -> None:
    young = tuple(replace(one, young=True) for one in story())
    found = decide(incident(symptoms=young), (), minute(4), knowing())
    assert found == (Decision.TICKET, Reason.YOUNG_SERIES)


def drained(until: float | None = None) -> tuple[Symptom, ...]:
    """Make what maintenance of the checkout looks like: its own trouble and the money's."""
    return symptom(checkout_errors(), at=3, until=until), symptom(revenue("EU"), observed=0.7)


WINDOW = change("checkout", kind=ChangeKind.MAINTENANCE, ref="CHG-7", at=0)


def test_declared_maintenance_of_every_sick_service_suppresses_the_page() -> None:
    mild = incident(Severity.P2, impacts=(), symptoms=drained())
    assert decide(mild, [WINDOW], minute(4), knowing()) == (Decision.TICKET, Reason.PLANNED_WORK)


@pytest.mark.parametrize(
    "severe",
    [
        incident(Severity.P1, impacts=(), symptoms=drained()),
        incident(Severity.P2, symptoms=drained()),
    ],
    ids=["a P1", "lost money"],
)
def test_what_is_severe_breaks_through_its_maintenance(severe: Incident) -> None:
    assert decide(severe, [WINDOW], minute(4), knowing())[0] is Decision.PAGE


def test_what_would_be_a_ticket_is_only_recorded_inside_its_maintenance() -> None:
    made = incident(Severity.P3, symptoms=drained())
    assert decide(made, [WINDOW], minute(4), knowing()) == (Decision.NONE, Reason.PLANNED_WORK)


def test_trouble_that_outlives_its_maintenance_counts() -> None:
    window = replace(WINDOW, ended_at=minute(30))
    still = incident(Severity.P3, symptoms=drained())
    over = incident(Severity.P3, symptoms=drained(until=29))
    assert decide(still, [window], minute(36), knowing())[0] is Decision.NONE
    assert decide(still, [window], minute(41), knowing())[0] is Decision.TICKET
    assert decide(over, [window], minute(60), knowing())[0] is Decision.NONE


def test_what_has_ended_is_not_decided_anew_when_its_changes_are_forgotten() -> None:
    over = incident(
        Severity.P3,
        state=IncidentState.RESOLVED,
        decision=Decision.NONE,
        decision_reason=Reason.PLANNED_WORK,
    )
    assert decide(over, [], minute(9000), knowing()) == (Decision.NONE, Reason.PLANNED_WORK)


def test_maintenance_does_not_excuse_services_outside_it() -> None:
    found, _ = decide(incident(symptoms=story()), [WINDOW], minute(4), knowing())
    assert found is Decision.PAGE


@pytest.mark.parametrize(
    "window",
    [
        change("search", kind=ChangeKind.MAINTENANCE, at=0),
        change("checkout", kind=ChangeKind.MAINTENANCE, at=3.5),
        change("checkout", kind=ChangeKind.MAINTENANCE, at=0, region="US"),
        replace(change("checkout", kind=ChangeKind.MAINTENANCE, at=0), env="staging"),
        replace(change("checkout", kind=ChangeKind.MAINTENANCE, at=0), ended_at=minute(2)),
    ],
    ids=["another service", "begun after the onset", "another region", "another env", "over"],
)
def test_other_maintenance_suppresses_nothing(window: object) -> None:
    made = incident(symptoms=drained())
    found, _ = decide(made, [window], minute(4), knowing())  # type: ignore[list-item]
    assert found is Decision.PAGE


def test_what_was_decided_for_an_episode_never_becomes_quieter() -> None:
    paged = incident(
        Severity.P3, decision=Decision.PAGE, decision_reason=Reason.MONEY_LOST, impacts=()
    )
    assert decide(paged, (), minute(9), knowing()) == (Decision.PAGE, Reason.MONEY_LOST)
