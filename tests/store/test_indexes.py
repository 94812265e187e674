from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, event

from aiops.store.accepted import BodyStore
from aiops.store.deliveries import add_notifications
from aiops.store.digests import DigestStore
from aiops.store.engine import reading, writing
from aiops.store.incidents import IncidentStore
from aiops.store.outbox import Outbox
from aiops.store.symptoms import SymptomStore
from tests.builders import minute
from tests.store.makers import notification

SWEEPS: dict[str, tuple[Callable[[Engine], object], str]] = {
    "due": (lambda e: Outbox(e).due(minute(0), minute(0)), "ix_outbox_undelivered"),
    "oldest_due": (lambda e: Outbox(e).oldest_due(), "ix_outbox_undelivered"),
    "unacknowledged": (lambda e: IncidentStore(e).unacknowledged(), "ix_incidents_open"),
    "held back": (lambda e: DigestStore(e).waiting(), "ix_held_back_waiting"),
    "waiting": (lambda e: BodyStore(e).waiting(), "ix_accepted_bodies_waiting"),
    "envs": (lambda e: SymptomStore(e).envs_with_uncorrelated(), "ix_symptom_facts_uncorrelated"),
    "uncorrelated": (
        lambda e: SymptomStore(e).uncorrelated("prod", minute(0)),
        "ix_symptom_facts_uncorrelated",
    ),
}


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_reads_its_partial_index_and_not_the_whole_table(aiops: Engine, sweep: str) -> None:
    run, index = SWEEPS[sweep]
    with writing(aiops) as connection:
        add_notifications(connection, [notification()], now=minute(0), traceparent="")
    seen: list[tuple[str, object]] = []

    @event.listens_for(aiops, "before_cursor_execute")
    def remember(_c: Connection, _cur: object, statement: str, values: object, *_: object) -> None:
        seen.append((statement, values))

    run(aiops)
    asked = [one for one in seen if one[0].startswith("SELECT") and "FROM sinks" not in one[0]]
    assert asked
    for statement, values in asked:
        with reading(aiops) as connection:
            explain = "EXPLAIN QUERY PLAN" if aiops.dialect.name == "sqlite" else "EXPLAIN"
            if explain == "EXPLAIN":  # On small tables it would read them through.
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = connection.exec_driver_sql(f"{explain} {statement}", values).all()  # type: ignore[arg-type]
        assert index in str(plan)
