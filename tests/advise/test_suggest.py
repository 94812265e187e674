from dataclasses import replace

import pytest

from aiops.advise.suggest import suggest
from aiops.domain.changes import ChangeKind
from aiops.domain.outcomes import PastIncident
from tests.builders import cause, change, minute, shop
from tests.route.test_decision import incident
from topology.attributes import Service, ServiceKind
from topology.graph import ServiceGraph


@pytest.mark.parametrize(
    ("kind", "ref", "region", "text"),
    [
        (ChangeKind.DEPLOY, "2026.04.18-3", None, "roll back deploy 2026.04.18-3 of checkout"),
        (ChangeKind.FLAG, "new-algo", "EU", "disable feature flag `new-algo` for EU"),
        (ChangeKind.CONFIG, "pool-size", None, "revert config change pool-size"),
    ],
)
def test_the_change_behind_the_cause_is_taken_back(
    kind: ChangeKind, ref: str, region: str | None, text: str
) -> None:
    by = change("checkout", kind=kind, ref=ref, region=region)
    steps = suggest(replace(incident(), causes=(cause("checkout", by=by),)), shop())
    assert steps[0].text == text
    assert steps[0].level == 2


def test_a_cause_that_is_not_sure_enough_is_for_a_person_to_weigh() -> None:
    unsure = replace(incident(), causes=(cause("checkout", 0.4, by=change("checkout")),))
    assert suggest(unsure, shop())[0].level == 1


def test_no_suggestion_exceeds_level_two() -> None:
    sure = replace(incident(), causes=(cause("checkout", 1.0, by=change("checkout")),))
    assert max(step.level for step in suggest(sure, shop())) == 2


def test_an_outside_provider_is_switched_away_from() -> None:
    graph = ServiceGraph.from_edges([Service(name="paypal", kind=ServiceKind.EXTERNAL)], ())
    steps = suggest(replace(incident(), causes=(cause("paypal"),)), shop(graph=graph))
    assert steps[0].action == "switch_provider"


def test_what_ended_the_last_one_with_this_cause_is_shown() -> None:
    past = PastIncident(
        incident_id="INC-900",
        ended_at=minute(-1000),
        signature=(),
        cause_service="payments-db",
        fixed_by="config pool-size of payments-db",
    )
    made = replace(incident(), causes=(cause("payments-db"),))
    steps = suggest(made, shop(memory=(past,)))
    assert [step.text for step in steps] == [
        "what helped last time: config pool-size of payments-db"
    ]


def test_the_runbook_comes_last_and_without_anything_nothing_is_suggested() -> None:
    with_runbook = replace(incident(), runbook_id="RB-17", runbook_title="Payments")
    assert [step.text for step in suggest(with_runbook, shop())] == ["follow RB-17 (Payments)"]
    assert suggest(incident(), shop()) == ()
