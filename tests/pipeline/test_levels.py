"""A budget that burns calls people where it was declared, and says so everywhere."""

from dataclasses import replace

import pytest

from aiops import pipeline
from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Incident, Severity
from aiops.domain.slos import Slo
from tests.builders import candidate, minute, shop, symptom
from tests.slo.made import ERRORS, ONSET, TRAFFIC, log

STRICT = Slo(objective=0.9999)


def assembled(knowledge: Knowledge, at: float = 70) -> Incident:
    """Assemble what a few failing requests comes to after an hour."""
    samples = log({TRAFFIC: (10, 10), ERRORS: (0.0001, 0.004)})
    failing = symptom(ERRORS, at=ONSET, before=0.0001, observed=0.004, last_seen=at)
    tick = EnvTick(at=minute(at), samples=samples)
    return pipeline.assemble(candidate(failing), None, tick, knowledge, "INC-1001")


def promising(*slos: Slo) -> Knowledge:
    return shop(journeys=(replace(shop().journeys[0], slos=slos),))


def test_a_few_failures_are_severe_where_much_was_promised() -> None:
    incident = assembled(promising(STRICT))
    assert incident.severity is Severity.P2
    assert incident.severity_reason == (
        "consuming error budget of checkout availability (99.99% over 28 days) at 40x rate"
        " (P2 from 14.4x)"
    )
    (use,) = incident.levels.budgets
    assert use.share == pytest.approx(0.0039 * 68 / (0.0001 * 28 * 1440), rel=1e-2)
    assert "It has taken 6.6% of checkout's availability error budget" in incident.story


def test_they_are_work_for_a_person_where_nothing_was_promised() -> None:
    assert assembled(shop()).severity is Severity.P3
    assert assembled(promising(replace(STRICT, objective=0.999))).severity is Severity.P3


def test_the_policy_decides_from_which_burn_rate_on() -> None:
    knowledge = promising(STRICT)
    policy = replace(knowledge.policies.severity, p1_burn_rate=90.0, p2_burn_rate=80.0)
    calm = replace(knowledge, policies=replace(knowledge.policies, severity=policy))
    assert assembled(calm).severity is Severity.P3
    policy = replace(policy, p1_burn_rate=30.0, p2_burn_rate=20.0)
    loud = replace(knowledge, policies=replace(knowledge.policies, severity=policy))
    assert assembled(loud).severity is Severity.P1
