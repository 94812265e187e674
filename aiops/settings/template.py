"""What `aiops init` writes: settings that watch and page nobody, a topology, a first runbook."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from aiops.settings.settings_template import SETTINGS

TOPOLOGY = """\
## Who calls whom, and who answers for it. Backstage catalogs, Kiali graphs and OTLP traces are
## read as well (`aiops help topology`), also several in a folder. Check: `aiops topology check`.
## kind: edge, app, worker, queue, db, cache or external; guessed from the name where it is missing.
services:
#   gateway:
#     kind: edge
#     owner: platform
#     calls: [checkout]
#   checkout:
#     owner: payments
#     tier: 1
#     regions: [EU, US]
#     calls: [payment-service, orders-db]
#   payment-service:
#     owner: payments
#     calls: [card-provider]
#   orders-db: {kind: db, owner: platform}
#   card-provider: {kind: external, owner: payments}
"""

RUNBOOK = """\
---
id: RB-01
title: A service fails right after a deploy
owner: platform
services: []
families: [errors, latency]
keywords: [deploy, release, rollback]
reviewed_at: {reviewed_at}
steps:
  - text: See how many requests fail, and since when.
    query: error_ratio
    condition: if it is above 1% and rose within 30 minutes of the deploy, go on
    level: 0
  - text: Roll the deploy back in the region that is hit.
    condition: if the incident names a deploy as its first cause
    action: roll_back
    level: 1
  - text: Check that the errors are gone before you close.
    query: error_ratio
    condition: if it is below 0.5% for 10 minutes, resolve
    level: 0
---
# RB-01: A service fails right after a deploy

Write here what a colleague who is woken at night has to know: how this trouble looks, what it
costs, who may decide, and what has gone wrong before.

Steps say what to look at and when to act, in numbers. `level` is how much may happen without a
person: 0 only tells, 1 suggests, 2 acts after a click, 3 acts alone.
"""

RUNBOOK_NAME = "runbooks/RB-01-fails-after-a-deploy.md"


def files(reviewed_at: date) -> Mapping[str, str]:
    """Return what `aiops init` writes: relative path to content.

    Args:
        reviewed_at: the day the first runbook counts as looked at: today.
    """
    return MappingProxyType(
        {
            "aiops.yaml": SETTINGS,
            "topology.yaml": TOPOLOGY,
            RUNBOOK_NAME: RUNBOOK.replace("{reviewed_at}", reviewed_at.isoformat()),
        }
    )
