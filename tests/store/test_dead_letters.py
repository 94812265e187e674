"""What is kept of bodies that could not be read."""

from sqlalchemy import Engine

from aiops.domain.symptoms import Origin
from aiops.store.accepted import SHOWN_BYTES, WHOLE_BYTES, BodyStore
from aiops.store.dead_letters import DeadLetterStore
from tests.builders import minute
from tests.store.test_accepted import body


def test_of_a_refused_body_all_is_kept_up_to_a_bound_and_then_the_beginning(
    aiops: Engine,
) -> None:
    store = BodyStore(aiops)
    store.refuse(body("whole", b"x" * WHOLE_BYTES), "line 1: no JSON")
    store.refuse(body("cut", b"y" * (WHOLE_BYTES + 1)), "line 1: no JSON")
    cut, whole = DeadLetterStore(aiops).noted("alert")
    assert (len(whole.beginning), len(cut.beginning)) == (SHOWN_BYTES, SHOWN_BYTES)
    assert store.waiting() == ()


def test_a_dead_letter_waits_again_once_when_it_is_revived(aiops: Engine) -> None:
    store, letters = BodyStore(aiops), DeadLetterStore(aiops)
    store.refuse(body("a", b"{"), "line 1: no JSON")
    (one,) = letters.noted("")
    found = letters.get(one.id)
    assert found is not None
    assert found.body.body == b"{"
    assert letters.revive(one.id)
    assert not letters.revive(one.id)
    assert store.waiting() == (one.id,)
    assert letters.get(one.id) is None


def test_what_was_sent_away_is_counted_by_source(aiops: Engine) -> None:
    letters, at = DeadLetterStore(aiops), minute(0)
    letters.note_shed({"alert/am": 2}, at, Origin.LIVE)
    letters.note_shed({"alert/am": 3, "alert/x": 1}, at, Origin.LIVE)
    assert letters.shed(["alert/am", "alert/x", "alert/y"]) == {"alert/am": 5, "alert/x": 1}
