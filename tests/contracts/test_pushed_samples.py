"""What every kind of source that pushes samples promises, whatever its bodies are made of."""

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.ingest.catalog import Catalog, Pushed
from aiops.ingest.registry import ingester_named
from aiops.ingest.remote_write import VERSION_2, unpacked
from aiops.settings import PUSHED_KINDS, PushedSignalSettings, Reading, Selected
from tests.builders import minute
from tests.fuzzing import FUZZED, damaged
from tests.pushed import ERRORS, POOL, REQUESTS, Numbers, catalog, packed, source

FOLDER = Path(__file__).parent.parent / "golden" / "ingest"
BODIES = [
    pytest.param(kind, path.suffix, path.read_bytes(), id=path.name)
    for kind in PUSHED_KINDS
    for path in sorted(FOLDER.glob(f"{kind}.*"))
]
P95 = PushedSignalSettings(
    name="latency_p95",
    of=Selected(metric="took_seconds"),
    reading=Reading.QUANTILE,
    quantile=0.95,
)

TYPES = {".json": "application/json", ".v2": VERSION_2}
Sample = tuple[str, int, tuple[str, ...]]


class Source:
    """A source of one kind, and what its bodies become by the series' own names."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.numbers = Numbers()
        self.catalog: Catalog = catalog(
            source(REQUESTS, ERRORS, POOL, P95, kind=kind), self.numbers
        )

    def read(self, suffix: str, body: bytes) -> Pushed:
        made: Pushed = ingester_named(self.kind)(
            body, TYPES.get(suffix, "application/x-protobuf"), self.catalog, minute(1)
        )
        return made

    def samples(self, suffix: str, body: bytes) -> Counter[Sample]:
        names = {number: name for name, number in self.numbers.given.items()}
        found: Counter[Sample] = Counter()
        pushed = self.read(suffix, body)
        names = {number: name for name, number in self.numbers.given.items()}
        for numbers, at, values in pushed.blocks:
            for number, moment, row in zip(numbers, at, values, strict=True):
                found[names[int(number)], int(moment), tuple(map(repr, row.tolist()))] += 1
        return found


def test_every_kind_has_a_golden_body() -> None:
    assert {case.values[0] for case in BODIES} == {*PUSHED_KINDS}


@pytest.mark.parametrize(("kind", "suffix", "body"), BODIES)
def test_what_was_seen_before_is_read_as_what_was_not(kind: str, suffix: str, body: bytes) -> None:
    one = Source(kind)
    first = one.samples(suffix, body)
    known = one.samples(suffix, body)
    assert len(first) > 5
    assert known <= first
    only_first = [sample for sample in first if sample not in known]
    assert all(set(values) == {"0.0"} for _, _, values in only_first)  # where a count began


@pytest.mark.parametrize(("kind", "suffix", "body"), BODIES)
def test_what_no_signal_asks_for_is_counted(kind: str, suffix: str, body: bytes) -> None:
    silent = source(kind=kind)
    known = catalog(silent)
    made = ingester_named(kind)(body, TYPES.get(suffix, "application/x-protobuf"), known, minute(1))
    assert made.kept == 0
    passed = sum(one.samples for one in known.metrics.values())
    assert passed + sum(made.refused.values()) == made.samples > 5


@pytest.mark.parametrize(("kind", "suffix", "body"), BODIES)
@settings(max_examples=FUZZED, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_body_is_read_or_refused_and_nothing_else(
    kind: str, suffix: str, body: bytes, data: st.DataObject
) -> None:
    if kind == "remote_write":
        sent = packed(damaged(unpacked(body), data))
        if data.draw(st.booleans()):
            sent = damaged(sent, data)
    else:
        sent = damaged(body, data)
    fresh, seasoned = Source(kind), Source(kind)
    seasoned.read(suffix, body)
    told: list[Counter[Sample] | None] = []
    for one in (fresh, seasoned):
        told.append(None)
        with suppress(InputError):
            told[-1] = one.samples(suffix, sent)
    if told[0] is not None and told[1] is not None:
        zeros = {one for one in told[0] | told[1] if set(one[2]) == {"0.0"}}
        rest = [Counter({k: v for k, v in one.items() if k not in zeros}) for one in told if one]
        assert len(rest) < 2 or rest[0] == rest[1]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceMetrics",
                    "scopeMetrics",
                    "metrics",
                    "sum",
                    "gauge",
                    "histogram",
                    "dataPoints",
                    "asInt",
                    "asDouble",
                    "timeUnixNano",
                    "attributes",
                    "key",
                    "value",
                    "name",
                    "exemplars",
                    "bucketCounts",
                    "explicitBounds",
                    "exponentialHistogram",
                    "positive",
                    "offset",
                    "scale",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=FUZZED, deadline=None)
@given(value=ODD)
def test_any_json_is_read_or_refused_and_nothing_else(value: object) -> None:
    with suppress(InputError):
        Source("otlp_metrics").read(".json", json.dumps({"resourceMetrics": value}).encode())


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        Source("otlp_metrics").read(".json", body)
