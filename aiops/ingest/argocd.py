"""Argo CD's notifications, in the form of our own template, as deploys. Pure.

Bodies of Argo CD are what its user's template says: ours stands on the user page beside this
module.

References:
    argo-cd.readthedocs.io, "Notifications": webhook service, triggers and templates.
"""

from collections.abc import Mapping
from datetime import datetime

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.words import read_object

_PHASES: Mapping[str, str] = {
    "Running": "started",
    "Terminating": "started",
    "Succeeded": "finished",
    "Failed": "failed",
    "Error": "failed",
}
_SHA_CHARACTERS = 7
_FULL_SHA = 40


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read one notification.

    Args:
        body: as our template writes it.
        headers: not looked at.
        received_at: when it came, aware UTC: for bodies without a time.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    del headers
    content = Fields("", read_object(body))
    application, phase = content.text("application"), content.text("phase")
    if not application:
        raise FieldError("application: found nothing, expected the name of an application")
    if phase not in _PHASES:
        raise FieldError(
            f"phase: found {phase[:40]!r}, expected one of {', '.join(_PHASES)}: is the body "
            "that of the template in `aiops help source argocd`?"
        )
    status = _PHASES[phase]
    started_at = content.time("started_at") or received_at
    ended_at = None
    if status != "started":
        ended_at = max(content.time("finished_at") or received_at, started_at)
    revision = content.text("revision")
    return (
        ChangeReport(
            key=f"{content.text('project')} {application} {revision} {started_at.isoformat()}",
            kind=ChangeKind.DEPLOY,
            ref=revision[:_SHA_CHARACTERS] if len(revision) == _FULL_SHA else revision,
            started_at=started_at,
            ended_at=ended_at,
            status=status,
            service=content.text("service"),
            env=content.text("env"),
            description=content.text("message"),
            actor=content.text("initiated_by"),
            facts={
                name: (value,)
                for name in ("application", "project", "repository", "path", "namespace")
                if (value := content.text(name))
            },
        ),
    )
