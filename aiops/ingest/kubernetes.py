"""Kubernetes' workloads, as `kubectl get -o json --watch` shows them, as deploys. Pure.

A rollout is a revision of a workload: who sends the same one again, as every watch does when it
begins, tells nothing new.

References:
    kubernetes.io, "Deployments": conditions `Progressing` and the revision's annotation.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields

KINDS = ("Deployment", "Rollout", "StatefulSet", "DaemonSet")
MAX_OBJECTS = 5_000

_REVISIONS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
_CAUSE = "kubernetes.io/change-cause"
_LABELS: Mapping[str, tuple[str, ...]] = {
    "application": ("app.kubernetes.io/name", "app"),
    "project": ("app.kubernetes.io/part-of",),
}
_ENV_LABELS = ("env", "environment")
_SHOWN_CHARACTERS = 80


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read workloads: one object, a List, or one object or watch event a line.

    Args:
        body: UTF-8 JSON.
        headers: not looked at.
        received_at: when it came, aware UTC: for a rollout that says no time.

    Raises:
        InputError: names the place, what was found and what was expected.
    """
    del headers
    found: dict[str, ChangeReport] = {}
    for place, content in _objects(body):
        report = _report(Fields(place, content), received_at)
        if report is not None:
            found[report.key] = report
    return tuple(found.values()) or Passed(why="there is no workload with a rollout in it")


def _objects(body: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for place, document in _documents(body):
        if not isinstance(document, dict):
            raise InputError(f"{place or 'the body'}: found no object, expected one of Kubernetes")
        inner = document.get("object") if "type" in document else None
        content = inner if isinstance(inner, dict) else document
        items = content.get("items")
        if not isinstance(items, list):
            yield place, content
            continue
        if len(items) > MAX_OBJECTS:
            raise InputError(f"items: found {len(items):,}, expected at most {MAX_OBJECTS:,}")
        for number, item in enumerate(items):
            if isinstance(item, dict):
                yield f"{place}items[{number}].", item


def _documents(body: bytes) -> list[tuple[str, Any]]:
    """Return the one document of a body, or that of each of its lines, with its place."""
    try:
        return [("", orjson.loads(body))]
    except orjson.JSONDecodeError as error:
        lines = [line for line in body.splitlines() if line.strip()]
        if not 1 < len(lines) <= MAX_OBJECTS:
            raise InputError(
                f"found no JSON ({error}), expected an object of Kubernetes"
            ) from error
    documents = []
    for number, line in enumerate(lines, 1):
        try:
            documents.append((f"line {number}: ", orjson.loads(line)))
        except orjson.JSONDecodeError as wrong:
            raise InputError(f"line {number}: found no JSON ({wrong})") from wrong
    return documents


def _report(one: Fields, received_at: datetime) -> ChangeReport | None:
    """Return the rollout of a workload; None where it is none, or has no revision yet."""
    kind = one.text("kind")
    if kind not in KINDS:
        return None
    metadata = one.mapping("metadata")
    labels, notes = metadata.mapping("labels"), metadata.mapping("annotations")
    name = metadata.text("name")
    if not name:
        raise FieldError(f"{one.path}metadata.name: found nothing, expected the workload's name")
    revision = next(filter(None, (notes.text(key) for key in _REVISIONS)), "")
    revision = revision or metadata.text("generation")
    if not revision:
        return None
    status, at = _progress(one, received_at)
    namespace = metadata.text("namespace")
    facts = {
        fact: values
        for fact, keys in _LABELS.items()
        if (values := tuple(filter(None, (labels.text(key) for key in keys))))
    }
    return ChangeReport(
        key=f"{metadata.text('uid') or f'{namespace} {kind} {name}'} {revision}",
        kind=ChangeKind.DEPLOY,
        ref=_images(one) or f"revision {revision}",
        started_at=at,
        ended_at=None if status == "started" else at,
        status=status,
        service=name,
        env=next(filter(None, (labels.text(key) for key in _ENV_LABELS)), ""),
        description=notes.text(_CAUSE),
        facts=facts | ({"namespace": (namespace,)} if namespace else {}),
    )


def _progress(one: Fields, received_at: datetime) -> tuple[str, datetime]:
    """Return how far a rollout is, and since when, from the condition `Progressing`."""
    conditions = one.mapping("status").values.get("conditions")
    for number, condition in enumerate(conditions if isinstance(conditions, list) else ()):
        if not isinstance(condition, dict) or condition.get("type") != "Progressing":
            continue
        said = Fields(f"{one.path}status.conditions[{number}].", condition)
        at = said.time("lastUpdateTime") or said.time("lastTransitionTime") or received_at
        if said.text("status") == "False":
            return "failed", at
        return ("finished" if said.text("reason") == "NewReplicaSetAvailable" else "started"), at
    return "started", received_at


def _images(one: Fields) -> str:
    """Return the tags of a workload's images, as in "checkout:v2", without where they come from."""
    containers = one.mapping("spec").mapping("template").mapping("spec").values.get("containers")
    images = [
        part["image"].rpartition("/")[2].partition("@")[0]
        for part in (containers if isinstance(containers, list) else ())
        if isinstance(part, dict) and isinstance(part.get("image"), str)
    ]
    return ", ".join(images)[:_SHOWN_CHARACTERS]
