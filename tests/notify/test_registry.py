import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from aiops.domain.errors import ConfigurationError, DeliveryError
from aiops.domain.journeys import Team
from aiops.notify.registry import kinds, notifier
from aiops.settings import Settings, SinkSettings, WebSettings
from tests.notify.stories import NO_REFERENCE, incident, notification

TEAMS = (
    Team(name="payments", title="Payments team", slack_channel="C0002", pagerduty_key="PAY_KEY"),
    Team(name="search", title="Search team", pagerduty_key="NOT_GIVEN"),
)
SETTINGS = Settings(teams=TEAMS, web=WebSettings(base_url="https://aiops.example"))


def sink(kind: str, **kwargs: object) -> SinkSettings:
    return SinkSettings(name="mine", kind=kind, url="http://127.0.0.1:9/", **kwargs)  # type: ignore[arg-type]


def test_a_slack_sink_is_built_from_its_settings() -> None:
    slack = notifier(sink("slack", channel="C1", secret=SecretStr("xoxb-1")), SETTINGS)
    payload = slack.payload(incident(), notification(incident()), NO_REFERENCE)
    assert (slack.name, payload["channel"]) == ("mine", "C0002")
    assert "https://aiops.example/incidents/INC-2048" in str(payload["message"]["blocks"])


def test_a_pagerduty_sink_is_built_from_its_settings() -> None:
    keys: Mapping[str, SecretStr] = {"PAY_KEY": SecretStr("P" * 32)}
    pagerduty = notifier(sink("pagerduty", secret=SecretStr("R" * 32), team_secrets=keys), SETTINGS)
    event = pagerduty.payload(incident(), notification(incident()), NO_REFERENCE)
    assert event["integration"] == "payments"
    assert event["client_url"] == "https://aiops.example/incidents/INC-2048"
    other = incident(owner="search")
    assert pagerduty.payload(other, notification(other), NO_REFERENCE)["integration"] == ""


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(
        ConfigurationError, match=r"sinks.mine.kind: .*'pager'.*pagerduty, slack, webhook"
    ):
        notifier(sink("pager"), SETTINGS)


def test_a_third_partys_notifier_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_bell.py").write_text(
        "class Bell:\n"
        "    def __init__(self, name):\n        self.name = name\n"
        "    @classmethod\n"
        "    def from_settings(cls, sink, settings):\n        return cls(sink.name)\n"
    )
    info = tmp_path / "their_bell-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-bell\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[aiops.notifiers]\nbell = their_bell:Bell\nslack = their_bell:Bell\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        assert kinds() == ("pagerduty", "slack", "webhook", "jira", "email", "bell")
        assert type(notifier(sink("bell"), SETTINGS)).__name__ == "Bell"
        assert type(notifier(sink("slack"), SETTINGS)).__name__ == "Slack"
    finally:
        sys.modules.pop("their_bell", None)


@pytest.mark.parametrize("kind", ["pagerduty", "slack", "webhook"])
def test_one_without_its_secret_is_built_and_says_what_is_missing_when_used(kind: str) -> None:
    bare = notifier(sink(kind), SETTINGS)
    note = notification(incident())
    with pytest.raises(DeliveryError, match="AIOPS_"):
        bare.send(note, bare.payload(incident(), note, NO_REFERENCE), repeated=False)
