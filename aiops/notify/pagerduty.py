"""PagerDuty, Events API v2: one incident per dedup key, opened, updated, acknowledged, resolved.

References:
    developer.pagerduty.com, "Send an Alert Event"; PagerDuty/api-schema, `reference/events-v2`.
"""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import httpx
import orjson

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident, Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pacing import Rate
from aiops.incident.levels import told_budgets, told_measures
from aiops.incident.wording import cause_words, impact_words
from aiops.notify import http
from aiops.notify.pagerduty_notes import PagerDutyNotes
from aiops.notify.phrases import clean, headline, incident_url, owner_words
from aiops.ports import Receipt
from aiops.settings import Settings, SinkSettings

SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.P1: "critical",
        Severity.P2: "error",
        Severity.P3: "warning",
        Severity.P4: "info",
    }
)
"""How PagerDuty names our severities."""

_SUMMARY_CHARACTERS = 1024
_FIELD_CHARACTERS = 255
_TEXT_CHARACTERS = 500
_STORY_CHARACTERS = 6000
_ENTRIES = 5
# With these the body stays below 300 KB even if every character needs six bytes; 512 are allowed.


RATE = Rate(per_minute=120, burst=4)
"""What PagerDuty takes for one routing key (developer.pagerduty.com, "Events API v2 limits")."""


class PagerDuty:
    """Pages through PagerDuty; its dedup key makes a repeat harmless.

    Args:
        name: of the sink.
        routing_key: of the integration; None: not given yet.
        events_url: `https://events.pagerduty.com/v2/enqueue`.
        base_url: where our pages are, for links; empty for none.
        client: sends the requests; made on first use when None.
        team_keys: further routing keys, by the owner role whose incidents go there. An episode
            stays with the integration it was opened at, whoever owns it later.
        notes: writes to the incidents of others; None: nothing does.
    """

    def __init__(
        self,
        name: str,
        routing_key: str | None,
        events_url: str,
        base_url: str = "",
        client: httpx.Client | None = None,
        *,
        team_keys: Mapping[str, str] = MappingProxyType({}),
        notes: PagerDutyNotes | None = None,
    ) -> None:
        self.name = name
        self.notes = notes
        self.rate = RATE
        self._routing_key = routing_key
        self._events_url = events_url
        self._base_url = base_url
        self._given_client = client
        self._team_keys = team_keys

    def __repr__(self) -> str:
        return f"PagerDuty(name={self.name!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings, settings: Settings) -> "PagerDuty":
        """Return the sink that the settings describe."""
        keys = {
            team.name: sink.team_secrets[team.pagerduty_key].get_secret_value()
            for team in settings.teams
            if team.pagerduty_key and team.pagerduty_key in sink.team_secrets
        }
        return cls(
            sink.name,
            sink.secret.get_secret_value() if sink.secret else None,
            sink.url,
            settings.web.base_url,
            team_keys=keys,
            notes=_notes(sink, settings),
        )

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the event, without the routing key; `integration` names the team's own one."""
        owner = incident.owner or ""
        event: dict[str, Any] = {
            "integration": reference.get("integration", owner if owner in self._team_keys else ""),
            "event_action": "trigger",
            "dedup_key": clean(incident.dedup_key, _FIELD_CHARACTERS),
        }
        if notification.action in (DeliveryAction.ACKNOWLEDGE, DeliveryAction.RESOLVE):
            return event | {"event_action": notification.action.value}
        event["payload"] = _alert(incident, notification, incident_url(self._base_url, incident))
        event["client"] = "aiops"
        if self._base_url:
            url = incident_url(self._base_url, incident)
            event["client_url"] = url
            event["links"] = [{"href": url, "text": f"{incident.id} in full"}]
        return event

    def send(
        self,
        notification: Notification,
        payload: Mapping[str, Any],
        *,
        repeated: bool,
    ) -> Receipt:
        """Send the event; only 202 says that it was taken. Its dedup key makes a repeat harmless.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        integration = str(payload["integration"])
        key = self._team_keys.get(integration, self._routing_key)
        if not key:
            raise DeliveryError(
                f"sink {self.name}: no routing key; set AIOPS_PAGERDUTY_ROUTING_KEY",
                retryable=True,
            )
        event = {name: value for name, value in payload.items() if name != "integration"}
        response = http.request(
            self._client,
            self.name,
            "POST",
            self._events_url,
            {"content-type": "application/json"},
            content=orjson.dumps(event | {"routing_key": key}),
        )
        if response.status_code != 202:
            raise refusal(self.name, response, key)
        return Receipt(
            reference={"dedup_key": str(payload["dedup_key"]), "integration": integration}
        )

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._events_url)


def refusal(sink: str, response: httpx.Response, key: str) -> DeliveryError:
    """Return what an answer of the Events API that is no 202 means; the key is left out."""
    status = response.status_code
    said = clean(_reason(response).replace(key, "(routing key)"), _TEXT_CHARACTERS)
    is_odd_success = 200 <= status < 300
    return DeliveryError(
        f"sink {sink}: PagerDuty answered {status}: {said}",
        retryable=is_odd_success or http.is_passing(status),
        retry_after_seconds=http.wait_seconds(response),
        ambiguous=is_odd_success or status >= 500,
    )


def _notes(sink: SinkSettings, settings: Settings) -> PagerDutyNotes | None:
    if sink.write_token is None or not sink.write_as:
        return None
    return PagerDutyNotes(
        sink.name,
        sink.rest_url,
        sink.write_token.get_secret_value(),
        sink.write_as,
        settings.web.base_url,
        merges=sink.merge,
    )


def _alert(incident: Incident, notification: Notification, url: str) -> dict[str, Any]:
    """Return the `payload` object of a trigger."""
    source = _source(incident)
    group = incident.blast.journeys[0] if incident.blast.journeys else incident.env
    kinds = [symptom.family.value for symptom in incident.symptoms if symptom.service == source]
    kinds += [symptom.family.value for symptom in incident.symptoms]
    return {
        "summary": headline(incident, _SUMMARY_CHARACTERS),
        "source": source,
        "severity": SEVERITIES[incident.severity],
        "timestamp": incident.started_at.isoformat(),
        "component": source,
        "group": clean(group, _FIELD_CHARACTERS),
        "class": kinds[0] if kinds else "incident",
        "custom_details": _details(incident, notification, url),
    }


def _source(incident: Incident) -> str:
    """Return the likely cause, else the sickest service, else whatever shows a symptom."""
    names = [cause.service for cause in incident.causes]
    names += [*incident.blast.sick, *(symptom.service for symptom in incident.symptoms)]
    cleaned = (clean(name, _FIELD_CHARACTERS) for name in (*names, incident.env))
    return next((name for name in cleaned if name), "unknown")


def _details(incident: Incident, notification: Notification, url: str) -> dict[str, Any]:
    runbook = f"{incident.runbook_id} ({incident.runbook_title})" if incident.runbook_id else ""
    details: dict[str, Any] = {
        "narrative": clean(incident.story, _STORY_CHARACTERS),
        "owner": _text(owner_words(incident)),
        "owner_reason": _text(incident.owner_reason),
        "assigned_to": _text(incident.assignee),
        "runbook": _text(runbook),
        "severity_reason": _text(incident.severity_reason),
        "decision_reason": _text(notification.reason),
        "impact": [_text(impact_words(impact)) for impact in incident.impacts[:_ENTRIES]],
        "error_budget": [_text(one) for one in told_budgets(incident.levels)[:_ENTRIES]],
        "journey_measures": [
            _text(one) for one in told_measures(incident.levels.measures[:_ENTRIES])
        ],
        "causes": [
            {
                "cause": _text(cause_words(cause)),
                "confidence": round(cause.confidence, 2),
                "evidence": [_text(clause.text) for clause in cause.evidence[:_ENTRIES]],
            }
            for cause in incident.causes[:_ENTRIES]
        ],
        "suggestions": [_text(step.text) for step in incident.suggestions[:_ENTRIES]],
        "services": [_text(name) for name in incident.blast.sick[: 2 * _ENTRIES]],
        "regions": [_text(name) for name in incident.blast.regions[: 2 * _ENTRIES]],
        "link": url,
    }
    return {name: value for name, value in details.items() if value not in ("", [])}


def _text(text: str) -> str:
    return clean(text, _TEXT_CHARACTERS)


def _reason(response: httpx.Response) -> str:
    """Return PagerDuty's own words for a refusal, or the little there is."""
    try:
        content = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return "an answer that is no JSON"
    if not isinstance(content, Mapping):
        return "an answer of an unknown form"
    errors = content.get("errors")
    said = [content.get("message"), *(errors if isinstance(errors, list) else [])]
    return "; ".join(str(one) for one in said if one) or "no reason given"
