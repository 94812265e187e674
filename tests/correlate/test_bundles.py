"""What is remembered of symptoms holds for them as they are, not as they were."""

from dataclasses import replace

from aiops.correlate.bundles import Bundle, make_bundles
from aiops.domain.symptoms import Symptom, SymptomState
from tests.builders import minute
from tests.correlate.worlds import errors


def cut(*symptoms: Symptom, owned: tuple[Symptom, ...] = ()) -> tuple[Bundle, ...]:
    return make_bundles(symptoms, {one.id for one in owned}, minute(30), 900)


def test_a_blip_that_grew_into_trouble_is_no_blip_any_more() -> None:
    first, second = errors("orders", 3, strength=4), errors("orders", 8, strength=4)
    assert len(cut(first, second)) == 2
    assert len(cut(first, replace(second, strength=40))) == 1
    assert len(cut(first, second)) == 2


def test_a_withdrawn_symptom_leaves_its_place() -> None:
    first, second = errors("orders", 3), errors("orders", 4)
    assert len(cut(first, second)) == 1
    assert len(cut(first, replace(second, state=SymptomState.WITHDRAWN))) == 2


def test_bundles_do_not_depend_on_the_order_of_their_symptoms() -> None:
    first, second = errors("orders", 3), errors("orders", 4)
    assert cut(second, first) == cut(first, second)


def test_only_what_an_incident_holds_goes_on() -> None:
    over = errors("orders", 3, until=9)
    assert [one.until for one in cut(over)] == [None]
    assert [one.until for one in cut(over, owned=(over,))] == [minute(9).timestamp()]
    assert [one.until for one in cut(over, errors("orders", 4), owned=(over,))] == [
        minute(9).timestamp()
    ]
    still = errors("orders", 4)
    assert [one.until for one in cut(over, still, owned=(still,))] == [minute(30).timestamp()]
