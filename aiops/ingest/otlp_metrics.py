"""OTLP/HTTP metrics -> samples of the series that signals ask for. Pure.

A point begins with its times and its value, and ends with its attributes. These are not read: their
bytes are looked up among those seen below the same metric of the same resource. First sights,
points with exemplars or flags and rarer forms are read in full.

Source: OTLP 1.x, https://opentelemetry.io/docs/specs/otel/metrics/data-model/.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.domain.derivations import DELTA, TEMPORALITY
from aiops.domain.errors import InputError
from aiops.ingest.catalog import Catalog, Pushed
from aiops.ingest.otlp import PROTOBUF, document, environment
from aiops.ingest.otlp_points import Family, Kind, Points
from aiops.ingest.otlp_values import either, told_by
from aiops.ingest.protobuf import decoded, messages
from aiops.ingest.pushed_signals import unit_of_ucum

_DELTA: Final = 1
_DEPTH: Final = 64
_KINDS: Final = messages(
    "aiops.otlp_metrics",
    {
        "Request": [("resources", 1, "Resource*")],
        "Resource": [("resource", 1, "bytes"), ("scopes", 2, "Scope*")],
        "Scope": [("scope", 1, "bytes"), ("metrics", 2, "Metric*")],
        "Metric": [
            ("name", 1, "bytes"),
            ("unit", 3, "bytes"),
            ("gauge", 5, "Points"),
            ("sum", 7, "Points"),
            ("histogram", 9, "Points"),
            ("exponential_histogram", 10, "Points"),
            ("summary", 11, "Points"),
        ],
        "Points": [("points", 1, "bytes*"), ("temporality", 2, "int64"), ("monotonic", 3, "bool")],
    },
)
_TAKEN: Final = (
    ("gauge", Kind.NUMBER),
    ("sum", Kind.NUMBER),
    ("histogram", Kind.HISTOGRAM),
    ("exponential_histogram", Kind.EXPONENTIAL),
)
_NOT_TAKEN: Final = ("summary",)
_COUNTED: Final = ("histogram", "exponential_histogram")


def parse(body: bytes, content_type: str, catalog: Catalog, received_at: datetime) -> Pushed:
    """Return the samples of a body that a source's signals ask for.

    Args:
        body: uncompressed.
        content_type: protobuf's, else it is read as JSON.
        catalog: of the source.
        received_at: when it came, aware UTC.

    Raises:
        InputError: it cannot be read; names the place.
    """
    if content_type != PROTOBUF:
        body = _as_protobuf(body)
    points = Points(catalog, received_at)
    for resource in decoded(body, _KINDS["Request"], "the body").resources:
        for scope in resource.scopes:
            for metric in scope.metrics:
                _take(points, resource.resource, scope.scope, metric)
    return points.pushed()


def _take(points: Points, resource: bytes, scope: bytes, metric: Any) -> None:
    for name in _NOT_TAKEN:
        if metric.HasField(name):
            count = len(getattr(metric, name).points)
            points.refuse(f"{name} is not taken: send explicit buckets", count)
    for name, kind in _TAKEN:
        if metric.HasField(name):
            data = getattr(metric, name)
            identity = _Identity(
                resource=resource,
                scope=scope,
                metric=metric.name,
                unit=metric.unit,
                form=name,
                temporality=data.temporality,
                monotonic=data.monotonic,
            )
            families = points.catalog.families
            family = families.get(identity)
            if family is None:
                family = families[identity] = _family(points, kind, identity)
            points.take(family, list(data.points))


class _Identity(NamedTuple):
    """What tells the metrics of resources from each other, as it is sent."""

    resource: bytes
    scope: bytes
    metric: bytes
    unit: bytes
    form: str
    temporality: int
    monotonic: bool


def _family(points: Points, kind: Kind, one: _Identity) -> Family:
    """Return what the points of a metric of a resource have in common."""
    labels = _attributes(one.resource, Resource, "a resource")
    library = decoded(one.scope, InstrumentationScope, "a scope").name[:200]
    if library:
        labels["otel.scope.name"] = library
    is_delta = one.temporality == _DELTA and one.form != "gauge"
    if is_delta:
        labels[TEMPORALITY] = DELTA
    settings = points.catalog.signals.source.labels
    for label in settings.env:
        if labels.get(label):
            declared = points.catalog.signals.declared_envs
            labels[label] = environment(labels[label], declared)
    return Family(
        kind=kind,
        metric=one.metric.decode(errors="replace")[:256],
        unit=unit_of_ucum(one.unit.decode(errors="replace")),
        labels=labels,
        is_delta=is_delta,
        restarts=one.form in _COUNTED or (one.form == "sum" and one.monotonic),
    )


def _attributes(body: bytes, kind: Any, what: str) -> dict[str, str]:
    return {key: text for key, text in told_by(decoded(body, kind, what).attributes).items() if key}


def _as_protobuf(body: bytes) -> bytes:
    """Return an OTLP/JSON body as protobuf; exemplars, whose ids are hex there, are left out."""
    found = document(body)
    _drop_exemplars(found)
    try:
        made = json_format.ParseDict(
            dict(found),
            ExportMetricsServiceRequest(),
            ignore_unknown_fields=True,
            max_recursion_depth=_DEPTH,
        )
    except (json_format.Error, ValueError, TypeError, AttributeError, KeyError) as error:
        told = " ".join(str(error).split())[:300]
        raise InputError(f"the body is no OTLP/JSON of metrics ({told})") from error
    packed: bytes = made.SerializeToString()
    return packed


def _drop_exemplars(body: Mapping[str, Any]) -> None:
    """Take the exemplars out of a document, whose ids protobuf would read as base64."""
    found: list[Any] = [body]
    for name in ("resourceMetrics", "scopeMetrics", "metrics"):
        found = [one for part in found for one in _listed(part, name)]
    for metric in found:
        for kind in ("gauge", "sum", "histogram", "exponentialHistogram"):
            data = either(metric, kind)
            for point in _listed(data, "dataPoints") if isinstance(data, dict) else ():
                point.pop("exemplars", None)


def _listed(of: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    found = either(of, name)
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            yield one
