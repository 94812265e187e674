"""OTLP exports → stored, digested once, and shown by the incident."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from aiops.domain.clues import ClueKind
from aiops.domain.errors import StaleStateError
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.domain.ticks import Tick
from aiops.ingest.otlp import JSON
from aiops.notify.phrases import clue_words
from aiops.settings import LogSourceSettings
from tests.builders import checkout_errors, minute, shop, story
from tests.clues.made import TRACE
from tests.ingest.exports import log, logs, span, spans
from tests.workers.installation import Installation
from tests.workers.tables import source as table_source
from workers.exports import take_export, take_logs

SHARD = "shop.prod.0"
DECLINED = [log(f"card {number} declined by bank", at=3) for number in range(143)]


@pytest.fixture
def prod(parts: Installation) -> Installation:
    """An environment worked through to 10:02, whose logs have come in for an hour."""
    parts._known = shop(policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH)))
    parts.history.add_series(SHARD, "prod", "shop", 60, [checkout_errors()])
    parts.fed["shop"] = table_source()
    close(parts, 2)
    parts.correlate.run("prod")
    parts.tasks.tasks.clear()
    take(parts, logs(log("slow start", at=-60, severityNumber=13), service="search"))
    return parts


def close(parts: Installation, until: float) -> None:
    progress = parts.history.load_state(SHARD)
    tick = Tick(at=minute(until), values=np.zeros(1, dtype=np.float32))
    parts.history.append_ticks(SHARD, [tick])
    parts.history.advance_cursor(
        SHARD, progress.cursor, minute(until), b"", profile_version=progress.profile_version
    )
    parts.hand.at = minute(until) + timedelta(seconds=3)


def take(parts: Installation, *bodies: bytes) -> list[tuple[int, str]]:
    answers = [
        take_export(parts, "traces" if b"resourceSpans" in body else "logs", body, JSON)
        for body in bodies
    ]
    parts.drain()
    return answers


def fail_checkout(parts: Installation) -> None:
    facts: Sequence[SymptomFact] = [
        SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=one) for one in story()
    ]
    parts.symptoms.append_facts(facts)
    close(parts, 4)
    parts.correlate.run("prod")


def test_lines_of_json_are_digested_as_an_export_is(prod: Installation) -> None:
    prod.hand.at = minute(4)
    lines = b"\n".join(
        orjson.dumps(
            {"level": 50, "time": minute(3).timestamp() * 1000, "msg": f"card {n} declined"}
        )
        for n in range(143)
    )
    source = LogSourceSettings(name="apps", service="payment-service")
    answer = take_logs(prod, source, lines + b"\n{")
    assert (answer["accepted"], answer["refused"]) == (143, 1)
    assert "line 144" in repr(answer["reasons"])
    assert take_logs(prod, source, lines + b"\n{") == answer
    prod.drain()
    fail_checkout(prod)
    (incident,) = prod.incidents.recent()
    (clue,) = incident.clues.logs
    assert (clue.kind, clue.text, clue.count) == (ClueKind.NEW, "card <*> declined", 143)


def test_an_incident_tells_of_the_new_error_and_of_a_failing_trace(prod: Installation) -> None:
    prod.hand.at = minute(4)
    took = take(
        prod,
        logs(*DECLINED, service="payment-service"),
        spans(span(), service="payment-service"),
    )
    assert took == [(0, ""), (0, "")]
    fail_checkout(prod)
    (incident,) = prod.incidents.recent()
    (clue,) = incident.clues.logs
    assert (clue.kind, clue.text, clue.count) == (ClueKind.NEW, "card <*> declined by bank", 143)
    (trace,) = incident.clues.traces
    assert (trace.trace_id, trace.failed) == (TRACE, True)
    assert clue_words(incident) == (
        "new error in payment-service: `card <*> declined by bank` "
        "143 times since 10:03 UTC, e.g. trace 4bf92f35…"
    )


def test_a_body_sent_again_counts_once(prod: Installation) -> None:
    prod.hand.at = minute(4)
    body = logs(*DECLINED, service="payment-service")
    take(prod, body, body)
    take(prod, body)
    fail_checkout(prod)
    (incident,) = prod.incidents.recent()
    assert incident.clues.logs[0].count == 143


def test_what_was_accepted_and_not_digested_is_digested_by_the_next_sweep(
    prod: Installation,
) -> None:
    prod.hand.at = minute(4)
    take_export(prod, "logs", logs(*DECLINED, service="payment-service"), JSON)
    prod.tasks.tasks.clear()  # the message was lost
    prod.digest.run()
    fail_checkout(prod)
    (incident,) = prod.incidents.recent()
    assert incident.clues.logs[0].count == 143


def test_a_body_is_accepted_while_redis_is_away(
    prod: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> bool:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(prod.flags, "raise_flag", away)
    assert take_export(prod, "logs", logs(log(at=2)), JSON) == (0, "")
    assert len(prod.bodies.waiting()) == 1


def test_more_of_nothing_worth_keeping_is_not_stored(prod: Installation) -> None:
    quiet = logs(log("all is well", severityNumber=9, at=2))
    take(prod, quiet)
    take_export(prod, "logs", logs(log("all is fine", severityNumber=9, at=2)), JSON)
    assert prod.bodies.waiting() == ()


def test_a_service_that_logs_data_is_named_once(prod: Installation) -> None:
    prod.hand.at = minute(4)
    words = ["".join(chr(97 + int(digit)) for digit in f"{number:03}") for number in range(400)]
    noise = [log(f"{word} is {word} of {word}") for word in words]
    take(prod, logs(*noise))
    take(prod, logs(*noise, log("more")))
    assert len([one for one in prod.heard.faults if one[0] == "logs"]) == 1


def test_who_finds_that_another_worker_was_faster_looks_again(
    prod: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    prod.hand.at = minute(4)
    take_export(prod, "logs", logs(*DECLINED, service="payment-service"), JSON)
    commit, tries = prod.clues.commit, []

    def beaten_once(*args: Any) -> None:
        tries.append(args)
        if len(tries) == 1:
            raise StaleStateError("another worker")
        commit(*args)

    monkeypatch.setattr(prod.clues, "commit", beaten_once)
    assert prod.drain() == ["ingest.digest", "ingest.digest"]
    assert prod.bodies.waiting() == ()
