"""The shop's services log and trace what goes wrong, as OpenTelemetry exports it."""

import orjson
import pytest

from aiops.demo.shop import Story
from aiops.domain.clues import LogLines, TraceExample
from aiops.ingest import otlp_logs, otlp_traces
from aiops.ingest.otlp import JSON
from workers.demo.play import reports


def understood(story: Story) -> tuple[list[LogLines], list[TraceExample]]:
    """Read all exports as the product does; nothing may be refused."""
    lines: list[LogLines] = []
    traces: list[TraceExample] = []
    for one in story.exports():
        parse = {"logs": otlp_logs.parse, "traces": otlp_traces.parse}[one.signal]
        parsed = parse(orjson.dumps(one.body), JSON, one.at, "prod")
        assert parsed.why == ""
        lines += parsed.batch.lines
        traces += parsed.batch.traces
    return lines, traces


def test_the_culprit_logs_a_new_error_while_its_fault_lasts() -> None:
    story = Story()
    fault = story.expected[0]
    lines, traces = understood(story)
    errors = [one for one in lines if one.severity >= 17 and one.service == fault.service]
    assert {one.text for one in errors} == {
        "payment <*> failed: connection pool exhausted after <*> ms"
    }
    assert min(one.minute for one in errors) == fault.started_at
    assert max(one.minute for one in errors) < fault.ended_at
    through = {(one.caller, one.service) for one in traces if one.service == fault.service}
    assert through == {("checkout", "payment-service")}


def test_the_shop_is_heard_before_anything_goes_wrong() -> None:
    story = Story()
    lines, _ = understood(story)
    assert min(one.minute for one in lines) < story.live_from


@pytest.mark.parametrize("seed", [3, 7])
def test_every_story_exports_the_same_each_time_and_in_order(seed: int) -> None:
    once, twice = list(Story(seed).exports()), list(Story(seed).exports())
    assert once == twice
    moments = [at for at, _, _ in reports(Story(seed))]
    assert moments == sorted(moments)
