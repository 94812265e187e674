from dataclasses import replace

from aiops.advise.match import match_runbook
from aiops.domain.changes import ChangeKind
from aiops.domain.incidents import Incident
from aiops.domain.journeys import Runbook
from aiops.domain.reach import BlastRadius
from tests.builders import cause, change, shop
from tests.route.test_decision import incident

PAYMENT = Runbook(
    id="RB-17", title="Payment errors", services=("payment-service",), families=("errors",)
)
GENERAL = Runbook(
    id="RB-02", title="Roll back", families=("errors", "latency"), keywords=("deploy",)
)
QUEUE = Runbook(id="RB-05", title="Backlog", keywords=("queue", "backlog"))


def sick_payments() -> Incident:
    blast = BlastRadius(sick=("checkout", "payment-service"))
    by = (cause("payment-service", by=change()),)
    return replace(incident(), blast=blast, causes=by)


def test_a_runbook_for_the_very_cause_beats_a_general_one() -> None:
    found = match_runbook(sick_payments(), shop(runbooks=(GENERAL, PAYMENT, QUEUE)))
    assert found is not None
    assert (found.id, found.title) == ("RB-17", "Payment errors")
    assert "payment-service" in found.reason


def test_a_general_runbook_fits_by_family_and_kind_of_change() -> None:
    found = match_runbook(sick_payments(), shop(runbooks=(GENERAL, QUEUE)))
    assert found is not None
    assert found.id == "RB-02"


def test_the_kind_of_the_blamed_change_weighs_more_than_words_of_metrics() -> None:
    wordy = replace(GENERAL, id="RB-01", families=(), keywords=("error", "rate"))
    flag = replace(GENERAL, id="RB-23", families=(), keywords=("flag",))
    by = (cause("search", by=change("search", kind=ChangeKind.FLAG)),)
    found = match_runbook(replace(sick_payments(), causes=by), shop(runbooks=(wordy, flag)))
    assert found is not None
    assert (found.id, found.reason) == ("RB-23", "for flag")


def test_no_runbook_is_better_than_a_wrong_one() -> None:
    other = replace(PAYMENT, id="RB-18", services=("search",))
    assert match_runbook(sick_payments(), shop(runbooks=(QUEUE, other))) is None


def test_equal_runbooks_are_told_apart_by_id() -> None:
    twin = replace(PAYMENT, id="RB-16")
    found = match_runbook(sick_payments(), shop(runbooks=(PAYMENT, twin)))
    assert found is not None
    assert found.id == "RB-16"
