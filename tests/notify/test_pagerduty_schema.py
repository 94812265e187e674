"""What we send to PagerDuty and take from it, held against its own schema and samples.

They lie beside a clone where the maintainers work; elsewhere there is nothing to check here.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from aiops.domain.changes import ChangeKind
from aiops.domain.notifications import DeliveryAction
from aiops.domain.pages import OutsidePage
from aiops.ingest import pagerduty_words
from aiops.notify.pagerduty import PagerDuty
from aiops.notify.pagerduty_changes import PagerDutyChanges
from aiops.receivers.pagerduty_rules import change_errors, enqueue_errors
from tests.builders import change
from tests.notify.stories import NO_REFERENCE, incident, notification, resolved

FOLDER = Path(__file__).parents[3] / "shared/data/integrations/pagerduty"
KEY = "R" * 32
URL = "https://events.example/v2/enqueue"


def events() -> list[dict[str, Any]]:
    """Make everything the sink sends of an incident, from its page to its end."""
    sink = PagerDuty("pagerduty", KEY, URL, "https://aiops.example.com")
    told = []
    for action in DeliveryAction:
        one = resolved() if action is DeliveryAction.RESOLVE else incident()
        payload = dict(sink.payload(one, notification(one, action), NO_REFERENCE))
        payload.pop("integration")
        told.append(payload | {"routing_key": KEY})
    return told


def changes() -> list[dict[str, Any]]:
    """Make a change event of every kind."""
    sink = PagerDutyChanges("pagerduty", KEY, URL, "https://aiops.example.com")
    return [{**sink.change_payload(change(kind=kind)), "routing_key": KEY} for kind in ChangeKind]


def test_what_we_send_the_strict_receiver_takes() -> None:
    assert [enqueue_errors(event, {KEY}) for event in events()] == [[]] * len(DeliveryAction)
    assert [change_errors(event, {KEY}) for event in changes()] == [[]] * len(ChangeKind)


if FOLDER.exists():  # a clean clone has no ../shared, and that is no skip

    @pytest.mark.parametrize(("path", "name"), [("enqueue", events), ("change/enqueue", changes)])
    def test_what_we_send_is_valid_by_the_official_schema(path: str, name: Any) -> None:
        jsonschema = pytest.importorskip("jsonschema")
        document = json.loads((FOLDER / "events_v2_strict_overlay_openapi.json").read_text())
        body = document["paths"][f"/v2/{path}"]["post"]["requestBody"]["content"]
        strict = body["application/json"]["schema"] | {"components": document["components"]}
        plain_name = f"events_v2_{path.replace('/', '_')}.request.schema.json"
        plain = json.loads((FOLDER / "jsonschema" / plain_name).read_text())
        for schema in (strict, plain):
            validator = jsonschema.Draft202012Validator(schema)
            for event in name():
                assert list(validator.iter_errors(event)) == []

    def test_the_samples_of_webhooks_are_read() -> None:
        sample = json.loads((FOLDER / "webhook_v3_04_incident.json").read_text())
        event = {
            "event_type": "incident.triggered",
            "occurred_at": "2020-10-02T18:45:22.169Z",
            "agent": None,
            "data": sample,
        }
        page = pagerduty_words.parse(json.dumps({"event": event}).encode())
        assert isinstance(page, OutsidePage)
        assert (page.id, page.service_id) == (sample["id"], sample["service"]["id"])
        whole = sorted(FOLDER.glob("webhook_v3_*_webhook_payload.json"))
        assert whole
        for file in whole:
            pagerduty_words.parse(file.read_bytes())
