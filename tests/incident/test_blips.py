"""What may be chance, or no more than load."""

from dataclasses import replace

from aiops.domain.series import Direction
from aiops.incident.blips import doubt, is_blip, is_confirmed, is_merely_load
from tests.builders import checkout_errors, minute, series, shop, symptom

MOMENT = symptom(checkout_errors(), before=0.003, observed=0.5, last_seen=3)
SLOW = symptom(series("checkout", "latency_seconds"), last_seen=3)


def test_one_signal_in_one_tick_is_a_blip_that_nobody_confirms() -> None:
    elsewhere = symptom(checkout_errors("US"), observed=0.5, last_seen=3)
    for same in ((MOMENT,), (MOMENT, elsewhere)):
        assert is_blip(same, shop())
        assert not is_confirmed(same)


def test_a_second_signal_confirms_it_whatever_comes_after() -> None:
    for both in ((MOMENT, SLOW), (MOMENT, SLOW, MOMENT)):
        assert not is_blip(both, shop())
        assert is_confirmed(both)
        assert doubt(both, shop()) == ""


def test_a_peak_alone_is_doubted_like_any_signal() -> None:
    peak = symptom(series("search", "requests_total"), direction=Direction.UP, last_seen=4)
    assert doubt((peak,), shop()) == "in one signal, short or faint so far"
    lasting = replace(peak, last_seen=minute(40))
    assert doubt((lasting,), shop()) == ""


def test_load_and_what_fills_up_with_it_is_merely_load() -> None:
    load = symptom(series("search", "requests_total"), direction=Direction.UP)
    cpu = symptom(series("search", "cpu_usage"), strength=40)
    assert is_merely_load((load, cpu))
    assert not is_merely_load((load, cpu, SLOW))
    assert not is_merely_load((cpu,))
