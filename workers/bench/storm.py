"""A storm for `aiops bench correlate`: a generated estate in which many services fall ill."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.estate import build_estate
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState, symptom_id
from aiops.domain.time import utc
from topology.graph import ServiceGraph
from workers.bench.installation import SOURCE

END = int(datetime.fromisoformat("2026-01-19T10:00:00+00:00").timestamp())
"""When the storm breaks: a Monday morning, epoch seconds."""

SEED = 3
STORM_SECONDS = 60
FAULT_SYMPTOMS = 200
ENV = "prod"
_SERIES_PER_SERVICE = 4.1
_SHAPES = (
    ("error_ratio", Family.ERRORS, "1"),
    ("latency_p95_seconds", Family.LATENCY, "s"),
    ("cpu_usage_ratio", Family.SATURATION, "1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """An estate, and the symptoms of a minute in it.

    Args:
        shop: the estate.
        graph: its topology.
        symptoms: in the order in which they arrive.
    """

    shop: Blueprint
    graph: ServiceGraph
    symptoms: tuple[Symptom, ...]


def make_storm(services: int, symptoms: int, env: str = ENV) -> Storm:
    """Return an estate of about so many services and so many symptoms, always the same ones.

    Fault after fault strikes a service within a minute and shows there and at those that call it:
    200 symptoms each, until there are enough.
    """
    shop, graph = _estate(services)
    dice = np.random.default_rng(SEED)
    found: dict[str, Symptom] = {}
    while len(found) < symptoms:
        root = shop.services[int(dice.integers(len(shop.services)))].name
        began = END + int(dice.integers(STORM_SECONDS))
        reached = list(graph.reach(root, 1, "callers").items())
        for number in range(FAULT_SYMPTOMS):
            name, hops = reached[number % len(reached)]
            strength = float(dice.uniform(10, 80))
            one = _symptom(name, number // len(reached), utc(began + hops), strength, env)
            found[one.id] = one
    return Storm(shop=shop, graph=graph, symptoms=tuple(found.values())[:symptoms])


@cache
def _estate(services: int) -> tuple[Blueprint, ServiceGraph]:
    regions = len(build_estate(SEED, 50).regions)
    shop = build_estate(SEED, round(services * _SERIES_PER_SERVICE * regions))
    return shop, shop.graph


def _symptom(service: str, number: int, onset: datetime, strength: float, env: str) -> Symptom:
    """Return a symptom of a service: a metric of an instance, both by its number."""
    metric, family, unit = _SHAPES[number % len(_SHAPES)]
    instance = (("instance", f"{number // len(_SHAPES)}"),)
    key = SeriesKey(service=service, metric=metric, env=env, labels=instance)
    series = Series(key=key, family=family, bad_direction=Direction.UP, unit=unit, source=SOURCE)
    return Symptom(
        id=symptom_id(env, "seasonal", key.fingerprint, onset),
        kind=SymptomKind.ANOMALY,
        detector="seasonal",
        series=series,
        state=SymptomState.ACTIVE,
        onset=onset,
        detected_at=onset + timedelta(seconds=1),
        last_seen=onset + timedelta(seconds=1),
        direction=Direction.UP,
        strength=strength,
        observed=0.4,
        expected=0.1,
        low=0.05,
        high=0.15,
        before=0.1,
    )
