"""What is kept of logs and traces, written into a recording and read back."""

from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.clues import LogLines, LogSeverity, TelemetryBatch, TraceExample
from aiops.recording.telemetry import read_telemetry
from aiops.recording.telemetry_lines import log_event_lines, trace_lines
from tests.builders import minute
from workers.offline.backtest import EXPORTS

LINE = LogLines(
    env="prod",
    service="payment-service",
    severity=LogSeverity.ERROR,
    minute=minute(3),
    text="card <*> declined",
    count=143,
    example="card 7 declined",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    region="EU",
    segment="business",
)
TRACE = TraceExample(
    env="prod",
    service="payment-service",
    caller="checkout",
    minute=minute(3),
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    span_id="00f067aa0ba902b7",
    name="POST /pay",
    duration_seconds=1.25,
    failed=True,
    status="no connection",
    region="EU",
    segment="business",
)


def again(folder: Path, batch: TelemetryBatch) -> TelemetryBatch:
    (folder / "events.jsonl").write_bytes(log_event_lines(batch.lines))
    (folder / "traces.jsonl").write_bytes(trace_lines(batch.traces))
    read, problems = read_telemetry(folder, EXPORTS, "staging")
    assert problems == ()
    return read


def test_lines_and_traces_are_read_back_as_they_were(tmp_path: Path) -> None:
    read = again(tmp_path, TelemetryBatch(lines=(LINE,), traces=(TRACE,)))
    assert read.lines == (LINE,)
    assert read.traces == (TRACE,)


@settings(max_examples=40)
@given(
    counts=st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
    seconds=st.floats(0, 4000),
    failed=st.booleans(),
    caller=st.sampled_from(["", "checkout"]),
)
def test_whatever_was_kept_is_read_back(
    tmp_path_factory: object, counts: list[int], seconds: float, failed: bool, caller: str
) -> None:
    folder = tmp_path_factory.mktemp("r")  # type: ignore[attr-defined]
    of = [
        LogLines(
            env="prod", service="pay", severity=LogSeverity.WARN, minute=minute(place),
            text="slow", count=count, example="slow",
        )
        for place, count in enumerate(counts)
    ]  # fmt: skip
    trace = TraceExample(
        env="prod", service="pay", caller=caller, minute=minute(3) + timedelta(days=1),
        trace_id=TRACE.trace_id, span_id=TRACE.span_id, name="GET /", failed=failed,
        duration_seconds=round(seconds, 6), status="why" if failed else "",
    )  # fmt: skip
    read = again(folder, TelemetryBatch(lines=tuple(of), traces=(trace,)))
    assert read.lines == tuple(of)
    (told,) = read.traces
    assert abs(told.duration_seconds - trace.duration_seconds) < 1e-5
    assert (told.service, told.caller, told.failed, told.status, told.minute) == (
        trace.service, trace.caller, trace.failed, trace.status, trace.minute,
    )  # fmt: skip
