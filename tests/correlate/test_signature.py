"""How problems are compared with earlier ones."""

from dataclasses import replace

from aiops.correlate.signature import signature, similarity, vector
from aiops.domain.symptoms import SymptomState
from tests.builders import change, series, symptom
from tests.correlate.worlds import errors


def test_a_signature_holds_what_was_seen_where_and_which_change() -> None:
    of = series("checkout", "error_ratio", region="EU", segment="premium")
    assert signature([symptom(of)], change("payments")) == (
        "change:deploy",
        "checkout|errors|up",
        "region:EU",
        "segment:premium",
    )


def test_times_strengths_and_order_leave_it_as_it_is() -> None:
    one, other = errors("a"), errors("b")
    later = replace(one, strength=99.0, id="another")
    assert signature([one, other], None) == signature([other, later, one], None)


def test_withdrawn_symptoms_do_not_count() -> None:
    assert signature([replace(errors("a"), state=SymptomState.WITHDRAWN)], None) == ()


def test_nothing_is_like_nothing() -> None:
    assert similarity(vector(()), vector(())) == 0.0


def test_the_same_is_wholly_alike_whatever_change_was_behind_it() -> None:
    seen = vector(("a|errors|up", "b|latency|up", "region:EU"))
    again = vector(("a|errors|up", "b|latency|up", "change:deploy", "region:EU"))
    assert round(similarity(seen, again), 9) == 1.0


def test_a_service_that_is_sick_in_another_way_is_half_the_same() -> None:
    assert round(similarity(vector(("a|errors|up",)), vector(("a|latency|up",))), 9) == 0.5


def test_the_same_fault_in_another_region_is_nearly_the_same() -> None:
    eu, us = (vector(("a|errors|up", "b|errors|up", f"region:{one}")) for one in ("EU", "US"))
    assert 0.9 < similarity(eu, us) < 1.0
