"""How problems are compared with earlier ones."""

from dataclasses import replace

from aiops.correlate.signature import signature, similarity
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
    assert similarity((), ()) == 0.0
