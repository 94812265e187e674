"""What we derive from raw samples is what Debian's Prometheus derives from the very same ones.

Prometheus gets an hour of scrapes that went wrong in every way (`promtool tsdb
create-blocks-from openmetrics`): resets, jitter, missed scrapes, series and buckets that begin
late or end. Ours gets the samples that it says it stored, a part of them late.
"""

import math
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from aiops.derive import engine
from aiops.derive.engine import RawSamples
from aiops.derive.plan import Plan, plan_of
from aiops.domain.derivations import Derivation, Selection
from aiops.domain.families import classify
from aiops.domain.series import Series, SeriesKey
from aiops.domain.time import utc
from tests.e2e.test_prometheus import Prometheus, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("prometheus")]

SCRAPE = 15.0
SECONDS = 3600
STEP = 120
LES = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
BELOW = (0.3, 0.5, 0.7, 0.9, 0.96, 0.99, 1.0)
NAMED = ("service", "region")

REQUESTS = Selection(metric="requests_total")
FAILED = Selection(metric="requests_total", where=(("code", "5.."),))
BUCKETS = Selection(metric="request_seconds_bucket")
USED, LIMIT = (Selection(metric=name, gauge=True) for name in ("pool_used", "pool_limit"))

DERIVATIONS = (
    Derivation(name="rate", of=REQUESTS, by=(*NAMED, "instance", "code")),
    Derivation(name="rate_by_region", of=REQUESTS, by=NAMED),
    Derivation(name="error_ratio", of=FAILED, per=REQUESTS, by=NAMED, worst_of="instance"),
    Derivation(name="strict_ratio", of=FAILED, per=REQUESTS, by=NAMED, absent_is_zero=False),
    Derivation(name="pool_ratio", of=USED, per=LIMIT, by=NAMED, worst_of="instance"),
    *(
        Derivation(name=f"p{q}", of=BUCKETS, quantile=q / 100, by=NAMED, worst_of="instance")
        for q in (50, 95, 99)
    ),
)

Labels = tuple[tuple[str, str], ...]
Samples = list[tuple[float, float]]


def promql(one: Derivation, by: tuple[str, ...]) -> str:
    """Return the query that a description says it stands for."""

    def read(of: Selection) -> str:
        where = ",".join(f'{label}=~"{pattern}"' for label, pattern in of.where)
        name = f"{of.metric}{{{where}}}"
        return name if of.gauge else f"rate({name}[{one.window_seconds}s])"

    labels = ", ".join(by)
    if one.quantile is not None:
        return f"histogram_quantile({one.quantile}, sum by ({labels}, le) ({read(one.of)}))"
    part = f"sum by ({labels}) ({read(one.of)})"
    if one.per is None:
        return part
    whole = f"sum by ({labels}) ({read(one.per)})"
    return f"({part} or 0 * {whole}) / {whole}" if one.absent_is_zero else f"{part} / {whole}"


def queries(one: Derivation) -> Iterator[tuple[str, str]]:
    yield one.name, promql(one, one.by)
    if one.worst_of:
        inner = promql(one, (*one.by, one.worst_of))
        yield f"{one.name}_worst_{one.worst_of}", f"max by ({', '.join(one.by)}) ({inner})"


@dataclass
class Instance:
    """What one process counts, and how it is scraped."""

    labels: Labels
    number: int
    random: random.Random

    def traces(self, start: float) -> Iterator[tuple[Labels, Samples]]:
        """Yield its series; some of them begin late, one instance ends early."""
        moments = self._moments(start)
        resets = set(self.random.sample(moments, 3))
        per_second = self.random.uniform(0.2, 40)
        for code, share in (("200", 0.9), ("404", 0.08), ("500", 0.02 * self.number)):
            born = start + SECONDS / 2 if code == "500" and self.number % 2 else start
            counted = self._counted(moments, resets, share * per_second)
            yield self._named("requests_total", code=code), since(born, counted)
        for le, below in zip(LES, BELOW, strict=True):
            if le == "0.25" and self.number == 2:
                continue
            born = start + SECONDS / 3 if le == "2.5" and self.number == 3 else start
            counted = self._counted(moments, resets, below * per_second)
            yield self._named("request_seconds_bucket", le=le), since(born, counted)
        used = [(at, float(self.random.randint(1, 10))) for at in moments]
        yield self._named("pool_used"), used
        yield self._named("pool_limit"), [(at, 10.0) for at in moments]

    def _moments(self, start: float) -> list[float]:
        begin = SECONDS * 0.4 if self.number == 7 else 0.0
        end = SECONDS * 0.6 if self.number == 0 else SECONDS
        offset = self.random.uniform(0, SCRAPE)
        return [
            round(start + begin + offset + turn * SCRAPE + self.random.uniform(-1, 1), 3)
            for turn in range(int((end - begin) / SCRAPE))
            if self.random.random() > 0.05
        ]

    def _counted(self, moments: list[float], resets: set[float], per_second: float) -> Samples:
        total, before, found = 0.0, moments[0], []
        for at in moments:
            total = 0.0 if at in resets else total
            total += round((at - before) * per_second * self.random.uniform(0.5, 1.5))
            before = at
            found.append((at, total))
        return found

    def _named(self, name: str, **labels: str) -> Labels:
        return (("__name__", name), *self.labels, *labels.items())


def since(born: float, samples: Samples) -> Samples:
    return [(at, value) for at, value in samples if at >= born]


def write_openmetrics(path: Path, start: float) -> None:
    chance = random.Random(11)  # noqa: S311 - the same in every run
    with path.open("w", encoding="ascii") as file:
        for number in range(8):
            service, region = "ab"[number // 4], ("EU", "US")[number // 2 % 2]
            own = (("service", service), ("region", region), ("instance", f"i{number}"))
            for ((_, name), *labels), samples in Instance(own, number, chance).traces(start):
                inside = ",".join(f'{label}="{value}"' for label, value in labels)
                file.writelines(f"{name}{{{inside}}} {value} {at:.3f}\n" for at, value in samples)
        file.write("# EOF\n")


@pytest.fixture(scope="module")
def start() -> float:
    return float(int(time.time()) - 3 * SECONDS)


@pytest.fixture(scope="module")
def prometheus(
    start: float,
    require_program: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    write_openmetrics(folder / "past", start)
    (folder / "prometheus.yml").write_text("{}")
    create = ["tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    subprocess.run(
        [require_program("promtool"), *create, folder / "past", folder / "data"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    one = Prometheus(require_program("prometheus"), folder, free_port())
    one.start()
    yield one
    one.kill()


def answer(prometheus: Prometheus, path: str, **asked: object) -> list[dict[str, Any]]:
    url = f"{prometheus.url}/api/v1/{path}"
    body = httpx.post(url, data=asked, trust_env=False).raise_for_status().json()
    found: list[dict[str, Any]] = body["data"]["result"]
    return found


def stored(prometheus: Prometheus, until: float) -> tuple[list[Series], RawSamples]:
    """Return the raw samples that Prometheus has, as a source that pushes would send them."""
    series: list[Series] = []
    slots, at, values = [], [], []
    for operand in (REQUESTS, BUCKETS, USED, LIMIT):
        asked = f"{operand.metric}[{2 * SECONDS}s]"
        for slot, one in enumerate(
            answer(prometheus, "query", query=asked, time=until), len(series)
        ):
            series.append(raw(one["metric"]))
            slots += [slot] * len(one["values"])
            at += [round(moment * 1000) for moment, _ in one["values"]]
            values += [float(value) for _, value in one["values"]]
    return series, RawSamples(slots=np.array(slots), at=np.array(at), values=np.array(values))


def raw(labels: Mapping[str, str]) -> Series:
    name = labels["__name__"]
    family, direction = classify(name)
    further = {label: labels[label] for label in ("instance", "code", "le") if label in labels}
    key = SeriesKey(
        service=labels["service"],
        metric=name,
        region=labels["region"],
        labels=tuple(sorted(further.items())),
    )
    return Series(key=key, family=family, bad_direction=direction)


def theirs(prometheus: Prometheus, moments: list[float]) -> dict[str, list[float]]:
    """Return fingerprint → value at every moment, NaN where there is none."""
    found: dict[str, list[float]] = {}
    asked = {"start": moments[0], "end": moments[-1], "step": STEP}
    for name, query in (pair for one in DERIVATIONS for pair in queries(one)):
        for one in answer(prometheus, "query_range", query=query, **asked):
            at = {round(moment): float(value) for moment, value in one["values"]}
            fingerprint = raw({**one["metric"], "__name__": name}).key.fingerprint
            found[fingerprint] = [at.get(round(moment), math.nan) for moment in moments]
    return found


def ours(plan: Plan, samples: RawSamples, moments: list[float]) -> dict[str, list[float]]:
    """Return the same; every second minute a third of the samples comes a minute late."""
    rings = engine.start(plan, SCRAPE)
    random_order = np.random.default_rng(3).permutation(len(samples.at))
    arrival = np.array(samples.at)
    odd = (samples.at // 60_000) % 2 == round(moments[0]) // 60 % 2
    arrival[odd & (random_order % 3 == 0)] += 60_000
    rows = []
    before = -math.inf
    for moment in moments:
        for until in (moment - 60, moment):
            chosen = random_order[
                (arrival[random_order] > before) & (arrival[random_order] <= until * 1000)
            ]
            engine.observe(
                plan,
                rings,
                RawSamples(
                    slots=samples.slots[chosen],
                    at=samples.at[chosen],
                    values=samples.values[chosen],
                ),
            )
            before = until * 1000
        rows.append(engine.derive(plan, rings, utc(moment)))
    names = [one.key.fingerprint for one in plan.outputs]
    return dict(zip(names, np.array(rows).T.tolist(), strict=True))


def test_every_derived_series_is_that_of_prometheus_at_every_moment(
    prometheus: Prometheus, start: float
) -> None:
    first = math.ceil(start / STEP) * STEP
    moments = [float(at) for at in range(first, first + SECONDS + 6 * STEP, STEP)]
    series, samples = stored(prometheus, moments[-1])
    plan = plan_of(DERIVATIONS, series)
    expected, found = theirs(prometheus, moments), ours(plan, samples, moments)

    assert len(series) == 8 * 12 - 1
    assert expected.keys() <= found.keys()
    nothing = [math.nan] * len(moments)
    for name, values in found.items():
        np.testing.assert_allclose(values, expected.get(name, nothing), rtol=1e-6, err_msg=name)
    told = np.array(list(found.values()))
    assert 0.5 < np.isfinite(told).mean() < 1
