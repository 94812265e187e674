"""`/metrics`: whether we are alive, for a Prometheus."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx


class Site(Protocol):
    open: Callable[..., Any]


def lines(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return [line for line in answer.text.splitlines() if not line.startswith("#")]


def test_it_says_when_a_pulse_last_came_through(site: Site) -> None:
    at = datetime(2026, 4, 18, 10, 0, 1, 500_000, tzinfo=UTC)
    browser = site.open(pulse_at=lambda: at)
    assert lines(browser.get("/metrics")) == ["aiops_pulse_timestamp_seconds 1776506401.500"]


def test_before_the_first_it_says_nothing_rather_than_something_wrong(site: Site) -> None:
    assert lines(site.open().get("/metrics")) == []


def test_it_is_shown_to_those_who_know_the_token(site: Site) -> None:
    browser = site.open("http://any.example", ingest_token="t0")
    assert browser.get("/metrics").status_code == 401
    assert browser.get("/metrics", headers={"authorization": "Bearer t0"}).status_code == 200


def test_a_pulse_needs_the_token_too(site: Site) -> None:
    browser = site.open("http://any.example", ingest_token="t0")
    assert browser.post("/ingest/pulse", json={}).status_code == 401


def test_it_says_how_many_bodies_were_sent_away(site: Site) -> None:
    browser = site.open(shed_alerts=lambda: {"b": 2, "a": 1})
    assert lines(browser.get("/metrics")) == [
        'aiops_alert_bodies_shed_total{source="a"} 1',
        'aiops_alert_bodies_shed_total{source="b"} 2',
    ]
