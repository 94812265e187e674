"""A person's report: kept durably, then evidence like any other, and answered with its incident."""

import hashlib
import logging
import secrets
from dataclasses import replace

import orjson

from aiops.detect.declared import fact_of
from aiops.domain.declared import Report
from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident
from aiops.domain.symptoms import Origin, Symptom
from aiops.domain.words import Asker, Place
from aiops.ingest import declared
from aiops.ingest.words import text
from aiops.notify.phrases import headline, incident_url
from aiops.store.accepted import AcceptedBody
from workers.answering import answer_at
from workers.outside_symptoms import take_outside
from workers.wiring import Parts

REPORT = "report"
"""The source of bodies that are people's reports."""

COMMIT_SECONDS = 2.5
"""How long somebody waits for the database at most: Slack gives three seconds."""

LOOKS = 15
LOOK_SECONDS = 1.0
"""An incident exists within two seconds of its symptom; longer only while we catch up."""

_LOG = logging.getLogger(__name__)


def declare(parts: Parts, said: str, by: Asker) -> str:
    """Keep a person's report durably; the same request again is the same report.

    Args:
        parts: of this installation.
        said: what they typed: service, what is wrong, perhaps P1 to P4.
        by: who says so, and where they are answered.

    Returns:
        What it was taken for, in words.

    Raises:
        InputError: it names no service we know, or not what is wrong; nothing was kept.
        StoreError: it cannot be kept now.
    """
    report = read(parts, said, by.name)
    keep(parts, report, by)
    how = f" ({report.severity})" if report.severity else ""
    return f"Reported{how} of {report.service}: “{report.words}”. Its incident follows."


def read(parts: Parts, said: str, who: str) -> Report:
    """Return what somebody typed as a report; raises as `declare`."""
    env = parts.settings.default_env
    return declared.read(said, names(parts), who=who, at=parts.clock.now(), env=env)


def keep(parts: Parts, report: Report, by: Asker) -> None:
    """Keep a report durably, and have it taken."""
    known = by.key or secrets.token_hex(16)
    body = AcceptedBody(
        idempotency_key=f"{REPORT}:{hashlib.sha256(known.encode()).hexdigest()}",
        source=REPORT,
        content_type="application/json",
        received_at=report.at,
        body=declared.body_of(report, by.id if by.place == Place.SLACK else "", by.answer_url),
        traceparent=parts.telemetry.traceparent(),
        origin=parts.settings.origin,
    )
    parts.intake.accept(body).result(COMMIT_SECONDS)
    if parts.settings.redis_url:  # a command beside an embedded one knows none: a sweep hears it
        parts.queue.enqueue("ingest.hear")


def names(parts: Parts) -> declared.Names:
    """Return what a report may name: services, their titles, journeys, regions and segments."""
    settings, known = parts.settings, parts.knowledge()
    graph = known.graph.services
    measured = parts.history.samples(settings.default_env).services()
    titles = {one.display: name for name, one in graph.items() if one.display}
    journeys = {one.name: one.entry for one in known.journeys if one.entry}
    return declared.Names(
        services=sorted({*graph, *measured}),
        aliases=journeys | titles,
        regions=settings.regions,
        segments=settings.segments,
    )


def take_report(parts: Parts, body_id: int, body: AcceptedBody) -> None:
    """Make a report evidence; twice it is the same symptom.

    Raises:
        InputError: the body is no report.
        StoreError: nothing was stored.
    """
    report = declared.parse(body.body, body.received_at)
    content = orjson.loads(body.body)
    mail = parts.people.name_of(Place.SLACK, text(content, "who_id"))
    fact = fact_of(replace(report, who=mail or report.who), parts.settings.origin)
    take_outside(parts, [fact])
    parts.bodies.done(body_id)
    if text(content, "answer_url"):
        parts.queue.enqueue(
            "ingest.declared", body_id, fact.symptom.id, LOOKS, after_seconds=LOOK_SECONDS
        )


def symptom_of(report: Report, origin: Origin) -> Symptom:
    """Return the symptom a report becomes where nobody else knows its author by another name."""
    return fact_of(report, origin).symptom


def answer_declared(parts: Parts, body_id: int, symptom_id: str, looks: int) -> None:
    """Tell who reported something which incident it is, once there is one.

    Args:
        parts: of this installation.
        body_id: of the report.
        symptom_id: of the symptom it became.
        looks: how often to look for its incident, this time included.
    """
    body = parts.bodies.load(body_id)
    if body is None:
        return
    env = text(orjson.loads(body.body), "env")
    incident = incident_of(parts, env, symptom_id)
    if incident is None and looks > 1:
        parts.queue.enqueue(
            "ingest.declared", body_id, symptom_id, looks - 1, after_seconds=LOOK_SECONDS
        )
        return
    words = outcome_words(parts, incident, symptom_id)
    try:
        answer_at(parts, text(orjson.loads(body.body), "answer_url"), words)
    except DeliveryError as error:
        _LOG.info("nobody could be told of their report: %s", error)


def incident_of(parts: Parts, env: str, symptom_id: str) -> Incident | None:
    """Return the incident a symptom belongs to; of several the last."""
    state, _ = parts.incidents.load(env)
    held = [one for one in state.incidents if any(s.id == symptom_id for s in one.symptoms)]
    return held[-1] if held else None


def outcome_words(parts: Parts, incident: Incident | None, symptom_id: str) -> str:
    """Return what became of a report, as its author hears it."""
    if incident is None:
        return "Your report is kept; no incident has come of it so far: `aiops incident list`."
    others = [one for one in incident.symptoms if one.id != symptom_id]
    url = incident_url(parts.settings.web.base_url, incident)
    what = "Your report joined" if others else "Your report opened"
    return " ".join(part for part in (f"{what} {headline(incident, 180)}.", url) if part)
