"""Celery as the product runs it: wire names, queues, and settings that lose no task."""

import inspect
import json

import pytest
from celery import Celery

from tests.workers.tables import source
from workers.app import QUEUES, Role, make_app, queue_of
from workers.schedule import schedule
from workers.stages.deliver import LEASE_SECONDS
from workers.tasks import WORK, register
from workers.wiring import Parts

WIRE = {
    "ingest.gather": ("ingest", ["source"]),
    "ingest.poll": ("ingest", ["source"]),
    "ingest.digest": ("ingest", []),
    "ingest.hear": ("ingest", []),
    "ingest.alerts": ("ingest", []),
    "ingest.maintenance": ("ingest", []),
    "ingest.pulse": ("ingest", []),
    "detect.advance": ("detect", ["shard"]),
    "detect.feeds": ("detect", []),
    "detect.sweep": ("detect", []),
    "correlate.env": ("correlate", ["env"]),
    "correlate.sweep": ("correlate", []),
    "deliver.changes": ("deliver", []),
    "deliver.digest": ("deliver", []),
    "deliver.escalate": ("deliver", []),
    "ingest.on_call": ("ingest", []),
    "ingest.declared": ("ingest", ["body_id", "symptom_id", "looks"]),
    "deliver.fall_back": ("deliver", []),
    "deliver.next": ("deliver", ["sink"]),
    "deliver.relieve": ("deliver", []),
    "deliver.sweep": ("deliver", []),
    "deliver.send": ("deliver", ["delivery"]),
    "fit.back_fill": ("fit", ["source"]),
    "fit.due": ("fit", []),
    "fit.shard": ("fit", ["shard"]),
    "learn.remember": ("learn", ["incident"]),
    "learn.forget": ("learn", []),
    "learn.index": ("learn", []),
    "learn.index_due": ("learn", []),
    "learn.sweep": ("learn", []),
    "report.levels": ("report", []),
    "report.pictures": ("report", []),
}
"""Wire protocol: add to it; never rename or take away while older releases may be running."""


def app_of(role: Role = "fast") -> Celery:
    def nobody() -> Parts:
        raise AssertionError("no task runs here")

    app = make_app("memory://", role)
    register(app, nobody)
    return app


def test_the_names_queues_and_arguments_of_tasks_are_wire_protocol() -> None:
    assert {
        name: (queue_of(name), list(inspect.signature(work).parameters)[1:])
        for name, work in WORK.items()
    } == WIRE


def test_every_task_is_registered_under_its_wire_name_and_no_other() -> None:
    own = {name for name in app_of().tasks if not name.startswith("celery.")}
    assert own == set(WIRE)


@pytest.mark.parametrize("name", sorted(WIRE))
def test_every_task_goes_to_a_queue_that_one_worker_works(name: str) -> None:
    app = app_of()
    found = app.amqp.router.route({}, name)["queue"].name
    assert found == WIRE[name][0]
    assert [found in names for names in QUEUES.values()].count(True) == 1


def test_a_tick_never_waits_for_a_fit_or_for_a_sink() -> None:
    assert {role: set(names) for role, names in QUEUES.items()} == {
        "fast": {"ingest", "detect", "correlate", "act"},
        "deliver": {"deliver"},
        "slow": {"fit", "learn", "report"},
    }


@pytest.mark.parametrize("role", list(QUEUES))
def test_a_killed_worker_loses_no_task(role: Role) -> None:
    conf = app_of(role).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_ignore_result
    assert conf.result_backend is None
    assert not conf.worker_enable_remote_control
    assert conf.broker_connection_max_retries is None
    options = conf.broker_transport_options
    assert options["unacked_restore_interval"] == options["unacked_restore_throttle"] == 1
    assert all(not task.trail for name, task in app_of(role).tasks.items() if name in WIRE)


def test_a_task_of_the_fast_worker_comes_back_after_five_seconds() -> None:
    assert app_of("fast").conf.broker_transport_options["visibility_timeout"] == 5
    assert app_of("slow").conf.broker_transport_options["visibility_timeout"] >= 3600


def test_workers_of_different_roles_never_restore_each_others_tasks() -> None:
    roles: tuple[Role, ...] = ("fast", "deliver", "slow")
    options = [app_of(role).conf.broker_transport_options for role in roles]
    for key in ("unacked_key", "unacked_index_key", "unacked_mutex_key"):
        assert len({one[key] for one in options}) == len(roles)


def test_a_task_of_a_sink_comes_back_after_it_must_have_given_up() -> None:
    waits = app_of("deliver").conf.broker_transport_options["visibility_timeout"]
    assert waits > LEASE_SECONDS


def test_messages_are_json_and_nothing_else_is_accepted() -> None:
    conf = app_of().conf
    assert conf.accept_content == ["json"]
    assert conf.task_serializer == "json"
    assert str(conf.timezone) == "UTC"


def test_beat_asks_for_sweeps_every_second_and_for_polls_often_enough() -> None:
    asked = schedule([source()], rate=1.0)
    assert {entry["task"] for entry in asked.values()} <= set(WIRE)
    assert {entry["task"]: entry["schedule"] for entry in asked.values()} == {
        "ingest.digest": 1.0,
        "ingest.hear": 1.0,
        "ingest.alerts": 1.0,
        "detect.feeds": 60.0,
        "detect.sweep": 1.0,
        "correlate.sweep": 1.0,
        "deliver.changes": 10.0,
        "deliver.digest": 10.0,
        "deliver.escalate": 10.0,
        "ingest.on_call": 60.0,
        "deliver.fall_back": 10.0,
        "deliver.relieve": 5.0,
        "deliver.sweep": 1.0,
        "fit.back_fill": 60.0,
        "fit.due": 60.0,
        "learn.index_due": 60.0,
        "learn.sweep": 60.0,
        "learn.forget": 3600.0,
        "report.levels": 60.0,
        "report.pictures": 5.0,
        "ingest.poll": 5.0,
    }
    assert asked["ingest.poll shop"]["args"] == ("shop",)


def test_in_fast_time_polls_are_as_much_closer() -> None:
    asked = schedule([source()], rate=100.0)
    assert asked["ingest.poll shop"]["schedule"] == pytest.approx(0.15)


def test_what_beat_asks_for_does_not_pile_up() -> None:
    for entry in schedule([source()], rate=1.0).values():
        assert entry["options"]["expires"] >= 5.0
        assert entry["options"]["expires"] <= max(2 * entry["schedule"], 5.0)
        json.dumps(entry)
