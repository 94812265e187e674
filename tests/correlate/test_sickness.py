"""How sick a service is, as its symptoms stand now."""

from dataclasses import replace

from aiops.correlate.calls import Calls
from aiops.correlate.sickness import find_sick
from tests.builders import series, symptom
from topology.attributes import Service, ServiceKind
from topology.graph import ServiceGraph

FAILING = symptom(series("api", "error_ratio"), at=3, strength=20)


def test_a_service_is_judged_anew_when_one_of_its_symptoms_changes() -> None:
    calls = Calls(ServiceGraph.from_edges((), ()), ())
    before = find_sick([FAILING], calls)["api"]
    assert find_sick([FAILING], calls)["api"] == before
    stronger = replace(FAILING, strength=40)
    assert find_sick([stronger], calls)["api"].strength > before.strength
    assert find_sick([FAILING], calls)["api"] == before


def test_a_service_is_judged_anew_when_it_turns_out_to_be_external() -> None:
    towards = symptom(series("api", "client_error_ratio", labels=(("peer", "bank"),)), strength=20)
    unknown = find_sick([towards], Calls(ServiceGraph.from_edges((), ()), ()))["bank"]
    bank = Service(name="bank", kind=ServiceKind.EXTERNAL)
    known = find_sick([towards], Calls(ServiceGraph.from_edges((bank,), ()), ()))["bank"]
    assert known.strength > unknown.strength
