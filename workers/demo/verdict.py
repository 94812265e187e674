"""Judges the demo by what the receivers were told, not by what the product says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.demo.faults import Fault
from aiops.receivers.ledger import Record
from aiops.receivers.pagerduty import PagerDutyIncident, PagerDutyLedger
from aiops.receivers.slack import SlackLedger
from aiops.receivers.slack_messages import SlackMessage

TOLERANCE = timedelta(minutes=2)
"""How far outside a fault the onset may lie that a page names: one tick to each side, rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with what was told; empty when everything is as it should be."""

    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def judge(
    expected: tuple[Fault, ...],
    pages: PagerDutyLedger,
    chat: SlackLedger,
    refused: Sequence[str] = (),
) -> Verdict:
    """Return whether every expected incident was told once, named its culprit, and ended.

    Args:
        expected: the planted faults.
        pages: what PagerDuty got.
        chat: what Slack got.
        refused: changes that the product did not take.
    """
    problems: list[str] = []
    unclaimed = list(pages.incidents)
    for fault in expected:
        if not fault.user_visible:
            continue
        mine = [page for page in unclaimed if _is_about(page, fault)]
        if len(mine) != 1:
            problems.append(f"{fault.id} at {fault.service}: {len(mine)} pages, expected one")
            continue
        unclaimed.remove(mine[0])
        problems += _wrong_with(mine[0], fault, chat)
    problems += [f"a page nobody expected: {page.summary}" for page in unclaimed]
    for name, ledger in (("PagerDuty", pages), ("Slack", chat)):
        problems += [
            f"refused by {name}: {one.answer}" for one in ledger.records if _is_refusal(one)
        ]
    problems += [f"refused by the product: {one}" for one in refused]
    return Verdict(problems=tuple(problems))


def _is_refusal(record: Record) -> bool:
    """Return whether a receiver found fault with what it was sent.

    No refusals are a request it acted on, one it answered and that changed nothing (a look at a
    channel), and one that met a bad day of the receiver's own, as tests make them.
    """
    was_read = isinstance(record.answer, Mapping) and record.answer.get("ok") is True
    return not record.accepted and not was_read and record.fault is None


def _is_about(page: PagerDutyIncident, fault: Fault) -> bool:
    """Return whether the onset a page names lies in a fault; it may come late, as after a crash."""
    onset = datetime.fromisoformat(str(page.events[0].body["payload"]["timestamp"]))
    return fault.started_at - TOLERANCE <= onset <= fault.ended_at + TOLERANCE


def _wrong_with(page: PagerDutyIncident, fault: Fault, chat: SlackLedger) -> list[str]:
    problems: list[str] = []
    payload = [event.body for event in page.events if event.action == "trigger"][-1]["payload"]
    causes = payload["custom_details"].get("causes", [])
    blamed = str(payload["source"]) if causes else "nobody"
    if blamed not in (fault.service, *fault.also):
        problems.append(f"{page.summary}: blames {blamed}, not {fault.service}")
    if fault.change_ref is not None and not any(
        fault.change_ref in one["cause"] for one in causes[:1]
    ):
        problems.append(f"{page.summary}: does not name {fault.change_ref}")
    if page.is_open:
        problems.append(f"{page.summary}: was never resolved")
    told = [one for one in chat.messages if _names(one, page) and one.thread_ts is None]
    if len(told) != 1:
        problems.append(f"{page.summary}: {len(told)} Slack messages, expected one")
    return problems


def _names(message: SlackMessage, page: PagerDutyIncident) -> bool:
    payload = (message.content.metadata or {}).get("event_payload", {})
    return f"{payload.get('incident')}.{payload.get('episode')}" == page.dedup_key
