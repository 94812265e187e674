"""The pulse at the end of its way: what tells a monitor elsewhere that it came through."""

from dataclasses import replace

from aiops.domain.environment import EnvTick
from aiops.domain.pulses import PULSE_ENV, PULSE_ID, PULSE_SINK, PULSE_SOURCE
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from aiops.route.notifications import pulses
from tests.builders import minute, series, symptom


def pulse(at: float, *, env: str = PULSE_ENV, source: str = PULSE_SOURCE) -> Symptom:
    one = symptom(series("aiops", "Pulse", env=env))
    return replace(one, detector=source, last_seen=minute(at))


def tick(*found: Symptom, live: bool = True) -> EnvTick:
    facts = [SymptomFact(kind=FactKind.ENDED, at=minute(5), symptom=one) for one in found]
    return EnvTick(at=minute(5), facts=tuple(facts), live=live)


def test_of_several_pulses_the_newest_is_told() -> None:
    (told,) = pulses(tick(pulse(3), pulse(4)))
    assert (told.incident_id, told.sink) == (PULSE_ID, PULSE_SINK)
    assert told.revision == int(minute(4).timestamp())


def test_what_is_caught_up_on_tells_nothing_of_now() -> None:
    assert pulses(tick(pulse(4), live=False)) == ()


def test_what_somebody_else_sends_is_no_pulse() -> None:
    assert pulses(tick(pulse(4, source="alertmanager"))) == ()
    assert pulses(tick(pulse(4, env="prod"))) == ()
    assert pulses(tick()) == ()
