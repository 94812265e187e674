"""OpenTelemetry of ourselves: one trace from ingest to delivery, and the metrics of each stage.

Everything goes to the OTLP endpoint when one is configured; without one the API's no-op providers
are used and nothing is collected. What goes wrong is logged in any case.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.trace import (
    INVALID_SPAN,
    NoOpTracerProvider,
    SpanKind,
    TracerProvider,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from aiops.domain.incidents import Incident
from aiops.domain.notifications import Notification
from aiops.domain.symptoms import SymptomFact
from aiops.domain.ticks import Shard, Tick

TRACEPARENT = "traceparent"
"""W3C Trace Context header; it travels in Celery messages and in rows of the outbox."""

EXPORT_SECONDS = 3.0
"""How long one export may try: an endpoint that is away must not hold up the end of a process."""

_log = logging.getLogger("aiops")
_propagator = TraceContextTextMapPropagator()


class Telemetry:
    """Spans and metrics of one process.

    Args:
        tracers: where spans go.
        meters: where measurements go.
        close: sends what both still hold, and ends them.
    """

    def __init__(
        self,
        tracers: TracerProvider | None = None,
        meters: MeterProvider | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.close = close
        self._tracer = (tracers or NoOpTracerProvider()).get_tracer("aiops")
        meter = (meters or NoOpMeterProvider()).get_meter("aiops")
        self._queue_age = meter.create_histogram(
            "aiops.queue.age", unit="s", description="Enqueued to started, by task"
        )
        self._lag = meter.create_histogram(
            "aiops.detect.lag", unit="s", description="Tick closed to scored"
        )
        self._points = meter.create_counter("aiops.points", unit="1", description="Values scored")
        self._symptoms = meter.create_counter(
            "aiops.symptom.facts", unit="1", description="Facts about symptoms, by kind"
        )
        self._incidents = meter.create_counter(
            "aiops.incident.revisions", unit="1", description="Revisions, by state and severity"
        )
        self._deliveries = meter.create_counter(
            "aiops.deliveries", unit="1", description="Deliveries, by sink and result"
        )
        self._delivery_delay = meter.create_histogram(
            "aiops.delivery.delay", unit="s", description="Due to delivered, by sink"
        )
        self._faults = meter.create_counter(
            "aiops.faults", unit="1", description="What went wrong around us, by kind"
        )

    @contextmanager
    def continued(self, name: str, traceparent: str) -> Iterator[None]:
        """Run a block as a span of the trace that `traceparent` names, or of a new one."""
        carrier = {TRACEPARENT: traceparent} if traceparent else {}
        context: Context = _propagator.extract(carrier)
        with self._tracer.start_as_current_span(name, context=context, kind=SpanKind.CONSUMER):
            yield

    @contextmanager
    def joined(self, name: str, traceparent: str) -> Iterator[None]:
        """Run a block in the trace of what it works on, where that is another than the task's.

        A sweep that finds work left behind goes on with the trace of that work, not its own.
        """
        if not traceparent or traceparent.split("-")[1] == self.traceparent()[3:35]:
            yield
            return
        with self.continued(name, traceparent):
            yield

    def traceparent(self) -> str:
        """Return the current span as a W3C traceparent; empty when nothing is traced."""
        if get_current_span() is INVALID_SPAN:  # nearly always, and several times as fast
            return ""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier.get(TRACEPARENT, "")

    def started(self, task: str, age_seconds: float) -> None:
        """Record how long a task had waited in its queue."""
        self._queue_age.record(max(age_seconds, 0.0), {"task": task})

    def scored(
        self, shard: Shard, ticks: Sequence[Tick], facts: Sequence[SymptomFact], now: datetime
    ) -> None:
        """Record what a pass over closed ticks, or over late values alone, did."""
        self._points.add(len(ticks) * len(shard.series), {"env": shard.env})
        if ticks:
            self._lag.record((now - ticks[-1].at).total_seconds(), {"env": shard.env})
        for fact in facts:
            self._symptoms.add(1, {"kind": fact.kind.value, "detector": fact.symptom.detector})

    def fitted(self, shard: Shard) -> None:
        """Record that a shard has a new profile."""
        _log.info("fitted %s: %d series", shard.id, len(shard.series))

    def incident_revised(self, incident: Incident) -> None:
        """Record a revision of an incident."""
        labels = {"state": incident.state.value, "severity": incident.severity.value}
        self._incidents.add(1, labels)
        _log.info(
            "%s %s %s, %s because %s: %s",
            incident.id,
            incident.severity.value,
            incident.state.value,
            incident.decision.value,
            incident.decision_reason.value,
            incident.title,
        )

    def delivered(self, note: Notification, now: datetime) -> None:
        """Record a delivery that a sink took."""
        self._deliveries.add(1, {"sink": note.sink, "result": "delivered"})
        delay = max((now - note.not_before).total_seconds(), 0.0)
        self._delivery_delay.record(delay, {"sink": note.sink})

    def delivery_failed(self, note: Notification, why: str) -> None:
        """Record a delivery that a sink did not take."""
        self._deliveries.add(1, {"sink": note.sink, "result": "failed"})
        _log.warning("%s to %s not delivered: %s", note.incident_id, note.sink, why)

    def failed(self, task: str, args: Sequence[object], error: Exception) -> None:
        """Record that a task failed, with its traceback; a sweep will repeat it."""
        self._faults.add(1, {"kind": task})
        _log.error("%s%r failed", task, tuple(args), exc_info=error)

    def fault(self, kind: str, why: str) -> None:
        """Record that something around us went wrong; we carry on."""
        self._faults.add(1, {"kind": kind})
        _log.warning("%s: %s", kind, why)


def connect(service: str, endpoint: str | None, attributes: Mapping[str, str]) -> Telemetry:
    """Return the telemetry of a process, exporting over OTLP/HTTP when there is an endpoint.

    Args:
        service: value of `service.name`, as in `aiops-fast`.
        endpoint: base URL of an OTLP/HTTP receiver, or None for silence.
        attributes: further resource attributes.
    """
    if not endpoint:
        return Telemetry()
    # The SDK and its exporters cost 100 ms to import; silent installations never need them.
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.metrics import MeterProvider as SdkMeters  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider as SdkTracers  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": service, **attributes})
    base = endpoint.rstrip("/")
    spans = OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=EXPORT_SECONDS)
    measurements = OTLPMetricExporter(endpoint=f"{base}/v1/metrics", timeout=EXPORT_SECONDS)
    tracers = SdkTracers(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    reader = PeriodicExportingMetricReader(measurements)
    meters = SdkMeters(resource=resource, metric_readers=[reader])

    def close() -> None:
        tracers.shutdown()
        meters.shutdown()

    return Telemetry(tracers, meters, close)
