"""What is measured: a series, its family, and which way is bad."""

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_ENV = "prod"
"""A signal that names no environment counts as one that pages (DESIGN §8)."""

Labels = tuple[tuple[str, str], ...]
"""Sorted (name, value) pairs beyond service, env, region and segment."""


class Family(StrEnum):
    """What a metric speaks of, recognised by general rules and never by one product's names."""

    TRAFFIC = "traffic"
    LATENCY = "latency"
    ERRORS = "errors"
    SATURATION = "saturation"
    KPI = "kpi"
    AVAILABILITY = "availability"
    OTHER = "other"


class Direction(StrEnum):
    """A way a value can leave its band; as a setting, the way that is bad."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """The identity of a series: who measures what, in which environment and for whom."""

    service: str
    metric: str
    env: str = DEFAULT_ENV
    region: str | None = None
    segment: str | None = None
    labels: Labels = ()

    @property
    def fingerprint(self) -> str:
        """The key as one line of text, stable across processes and releases.

        Examples:
            >>> SeriesKey(service="checkout", metric="error_ratio", region="EU").fingerprint
            'checkout:error_ratio{env=prod,region=EU}'
        """
        pairs = [("env", self.env), ("region", self.region), ("segment", self.segment)]
        pairs += self.labels
        inside = ",".join(f"{name}={value}" for name, value in pairs if value)
        return f"{self.service}:{self.metric}{{{inside}}}"

    def label(self, name: str) -> str | None:
        """Return the value of a further label, or None where the series has none."""
        for label, value in self.labels:
            if label == name:
                return value
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series and what is known of it before any value is seen.

    Args:
        key: its identity.
        family: what it speaks of.
        bad_direction: the way that hurts; the other way is at most load.
        unit: `s`, `ms`, `1` (ratio), `1/s`, `By`, or one that begins with a currency code.
        title: how a person calls the metric, as in "error rate".
        kpi: the name of the declared KPI it carries, if any.
        source: which telemetry source sends it.
        zone: IANA name of the zone its seasons follow.
    """

    key: SeriesKey
    family: Family
    bad_direction: Direction
    unit: str = ""
    title: str = ""
    kpi: str | None = None
    source: str = ""
    zone: str = "UTC"
