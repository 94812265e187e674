from dataclasses import replace

import pytest

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.incidents import Incident, IncidentState
from aiops.learn.memory import infer_outcome, remember
from tests.builders import cause, change, minute
from tests.route.test_decision import incident


def ended() -> Incident:
    return replace(
        incident(),
        state=IncidentState.MITIGATED,
        causes=(cause("payment-service", by=change()),),
        quiet_since=minute(20),
        mitigated_at=minute(30),
    )


ROLLBACK = change(ref="2026.04.18-2", at=16, reverts="2026.04.18-3")


def test_the_rollback_of_the_blamed_deploy_is_what_fixed_it() -> None:
    found = infer_outcome(ended(), [change(), ROLLBACK], minute(31))
    assert found.fixed_by == "deploy 2026.04.18-2 of payment-service"
    assert found.action == "roll_back"


@pytest.mark.parametrize(
    "other",
    [
        change(ref="x", at=25, reverts="2026.04.18-3"),
        change(ref="x", at=1, reverts="2026.04.18-3"),
        change("search", ref="x", at=16, reverts="y"),
        change("search", ref="x", at=16),
    ],
    ids=["after the quiet", "before the start", "another service", "no rollback"],
)
def test_other_changes_fixed_nothing(other: Change) -> None:
    assert infer_outcome(ended(), [other], minute(31)).fixed_by == ""


def test_a_flag_switched_off_is_what_fixed_it() -> None:
    flag = change(kind=ChangeKind.FLAG, ref="new-algo", at=1)
    off = replace(change(kind=ChangeKind.FLAG, ref="new-algo", at=15), status="off", id="off")
    made = replace(ended(), causes=(cause("payment-service", by=flag),))
    assert infer_outcome(made, [flag, off], minute(31)).action == "flag_off"


def test_memory_keeps_what_it_looked_like_and_what_fixed_it() -> None:
    outcome = infer_outcome(ended(), [change(), ROLLBACK], minute(31))
    kept = remember(ended(), outcome, ("checkout|errors|up",))
    assert kept.cause_service == "payment-service"
    assert kept.fixed_by == outcome.fixed_by
    assert kept.ended_at == minute(30)
    assert kept.signature == ("checkout|errors|up",)


def test_a_flag_that_the_record_saw_end_is_what_fixed_it() -> None:
    flag = change(kind=ChangeKind.FLAG, ref="new-algo", at=1)
    off = replace(flag, id="off", started_at=minute(15), status="off")
    made = replace(ended(), causes=(cause("payment-service", by=flag),), rolled_back=off)
    assert infer_outcome(made, [flag], minute(31)).action == "flag_off"
