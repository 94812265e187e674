"""The pulse on its way in: through our own door, unless a stage it does not pass stands still."""

from datetime import timedelta

import httpx

from aiops.domain.errors import AdapterError
from workers.certificates import only
from workers.wiring import Parts

PULSE_PATH = "/ingest/pulse"

LATE = timedelta(minutes=3)
"""Detection or a poll that is so much further behind than its step stands still."""

LATE_STEPS = 10

UNHEARD = timedelta(minutes=5)
"""A call that no sink has taken for so long is nobody's: then others have to notice."""

LOOKS_BACK = timedelta(days=1)

_SECONDS = 3.0
"""For each step of the request: a task of five seconds is given to another worker, too."""


def send_pulse(parts: Parts) -> None:
    """Send the pulse in at the front, as anybody else's alert comes; what stands still is told.

    It goes through the web server, the intake, the reading of alerts, correlation and the outbox;
    metrics do not, so they are looked at: while polls or detection stand still there is no pulse.
    Nor is there one while nobody could be told of a P1 or P2: the monitor then calls people.
    """
    beat = parts.settings.heartbeat
    if not beat.enabled:
        return
    why = standing_still(parts)
    if why:
        parts.telemetry.fault("heartbeat", f"no pulse is sent: {why}")
        return
    token = parts.settings.web.token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    try:
        answer = httpx.post(
            f"{beat.via}{PULSE_PATH}",
            json={},
            headers=headers,
            timeout=_SECONDS,
            trust_env=False,
            verify=only(beat.certificate) if beat.certificate else True,
        )
    except httpx.HTTPError as error:
        raise AdapterError(
            f"our own web server gave no answer at {beat.via} ({type(error).__name__}); is it "
            "running, and is `heartbeat.via` right?"
        ) from error
    if not answer.is_success:
        raise AdapterError(f"our own web server answered {answer.status_code} to the pulse")


def standing_still(parts: Parts) -> str:
    """Return which stage stands still that the pulse itself does not pass; empty for none."""
    now = parts.clock.now()
    settings = parts.settings
    steps = {one.name: one.step_seconds for one in settings.sources}
    steps |= {one.name: one.step_seconds for one in settings.pushed_sources}
    for name, step in steps.items():
        newest = parts.extents.newest_tick(name)
        if newest is not None and now - newest > LATE + timedelta(seconds=LATE_STEPS * step):
            return f"{name} brought no tick since {newest:%H:%M} UTC"
    step = max(steps.values(), default=0)
    behind = parts.extents.behind()
    if behind > LATE + timedelta(seconds=LATE_STEPS * step):
        return f"detection is {behind.total_seconds() / 60:.0f} minutes behind"
    unheard = parts.outbox.unheard(now - UNHEARD, now - LOOKS_BACK)
    if unheard is not None:
        name, since = unheard
        return f"nobody could be told of {name}: no sink has taken its call since {since:%H:%M} UTC"
    return ""
