"""The web application over a few incidents in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
from starlette.types import ASGIApp

from aiops.domain.changes import Change
from aiops.domain.incidents import Incident
from aiops.domain.journeys import Runbook, RunbookStep
from aiops.ingest import changes as change_events
from aiops.web.app import create_app
from aiops.web.services import WebServices
from tests.notify.stories import NOW, incident, resolved

SECRET = "signing-secret"
RUNBOOKS = (
    Runbook(
        id="RB-17",
        title="Payment gateway errors",
        owner="payments",
        services=("payment-service",),
        families=("errors",),
        keywords=("card",),
        reviewed_at=datetime(2026, 4, 2, tzinfo=UTC),
        steps=(
            RunbookStep(
                text="See how many payments fail.",
                query='error_ratio{service="payment-service"}',
                condition="if it is > 2%, go on",
                level=0,
            ),
            RunbookStep(text="Roll the deploy back.", action="roll_back", level=2),
        ),
        text="# RB-17\n\n**When:** payments fail.",
    ),
    Runbook(id="RB-2", title="Slow <b>disks</b>"),
)


class StandingClock:
    """Says whatever time it is told."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Browser:
    """Asks the application without a port, one request after the other."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self.app = app
        self._base_url = base_url

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("POST", path, **kwargs)

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, **kwargs)

        return anyio.run(ask)


@dataclass(slots=True)
class Shelf:
    """Incidents in memory, newest first."""

    kept: list[Incident] = field(default_factory=list)

    def recent(self, limit: int = 100) -> Sequence[Incident]:
        return self.kept[:limit]

    def get(self, incident_id: str) -> Incident | None:
        return next((one for one in self.kept if one.id == incident_id), None)


@dataclass(slots=True, kw_only=True)
class Site:
    """The application's parts that tests look at and change."""

    shelf: Shelf
    clock: StandingClock
    real_clock: StandingClock
    recorded: list[Change]
    open: Callable[..., Browser]


def made_site() -> Site:
    """Make the application's parts, not yet open."""
    shelf = Shelf([incident(), resolved(id="INC-2047")])
    clock, real_clock = StandingClock(NOW), StandingClock(datetime(2026, 11, 1, tzinfo=UTC))
    recorded: list[Change] = []

    def open_site(address: str = "http://127.0.0.1:8080", **changes: Any) -> Browser:
        values: dict[str, Any] = {
            "incidents": shelf,
            "parse_changes": partial(change_events.parse, default_env="prod"),
            "record_changes": recorded.extend,
            "clock": clock,
            "real_clock": real_clock,
            "runbooks": RUNBOOKS,
            "base_url": "https://aiops.example",
            "slack_signing_secret": SECRET,
        }
        return Browser(create_app(WebServices(**values | changes)), address)

    return Site(shelf=shelf, clock=clock, real_clock=real_clock, recorded=recorded, open=open_site)


@pytest.fixture
def site() -> Site:
    return made_site()


@pytest.fixture
def client(site: Site) -> Browser:
    return site.open()
