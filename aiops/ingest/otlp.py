"""What OTLP logs and traces have in common: two encodings, resources, times, answers. Pure.

Source: OTLP 1.x, https://opentelemetry.io/docs/specs/otlp/ (HTTP, JSON encoding, partial success)
and the semantic conventions for resources (`service.name`, `deployment.environment.name`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson
from google.protobuf.message import DecodeError, Message

from aiops.domain.clues import TelemetryBatch
from aiops.domain.errors import InputError
from aiops.domain.labels import LabelRule, normalized
from aiops.domain.time import utc
from aiops.ingest.otlp_values import items, kind_of, snake_case, told_by, told_in

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

OLDEST: Final = timedelta(days=1)
AHEAD: Final = timedelta(minutes=10)
"""What is older, or further ahead of our clock, is not taken: its times would mislead."""

MOST_RECORDS: Final = 50_000
"""Records of one body that are looked at; collectors send 8,192 at most unless told otherwise."""

_OLDEST_SECONDS: Final = OLDEST.total_seconds()
_AHEAD_SECONDS: Final = AHEAD.total_seconds()
_NAME_CHARACTERS: Final = 120
_REGIONS: Final = ("region", "cloud.region")
_NO_SERVICE: Final = "no service.name in the resource: set OTEL_SERVICE_NAME"
_SERVICES: Final = ("service.name", "service")
_ENVIRONMENTS: Final = ("deployment.environment.name", "deployment.environment", "env")


class Place(NamedTuple):
    """Whose records a resource holds; region and segment are empty where it does not say."""

    env: str
    service: str
    region: str = ""
    segment: str = ""


Levels = tuple[str, str, str]
"""Names of the lists of resources, scopes and records, in lowerCamelCase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a body came down to, and how much of it was not taken.

    Args:
        batch: what is to be stored.
        rejected: records that were not taken.
        why: the reasons, in words for the sender; empty where all was taken.
        taken: how many records were taken, by environment.
        steps: what which rule did, with the number of resources.
    """

    batch: TelemetryBatch
    rejected: int = 0
    why: str = ""
    taken: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Acceptance:
    """Decides which records are taken, and remembers why others are not.

    Args:
        received_at: when the body arrived, aware UTC; None: in a recording, any time will do.
        default_env: the environment of resources that name none.
        declared: the environments of `aiops.yaml`.
        rules: what is done to the attributes of a resource before they are read.
    """

    received_at: datetime | None
    default_env: str
    declared: Collection[str] = ()
    rules: Sequence[LabelRule] = ()
    heard: dict[str, int] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    _seen: int = 0
    _now: float = 0.0
    _homeless: str = ""

    def __post_init__(self) -> None:
        self._now = self.received_at.timestamp() if self.received_at else 0.0

    def place(self, told: Mapping[str, str]) -> Place | None:
        """Return whose records a resource holds, None where it does not say or is no matter."""
        brought = normalized(told, self.rules)
        self.steps.update(brought.steps)
        self._homeless = "" if brought.is_ignored else _NO_SERVICE
        told = brought.labels
        service = name_in(next((told[one] for one in _SERVICES if told.get(one)), ""))
        if not service or brought.is_ignored:
            return None
        env = next((told[one] for one in _ENVIRONMENTS if told.get(one)), "")
        return Place(
            env=environment(name_in(env), self.declared) or self.default_env,
            service=service,
            region=name_in(next((told[one] for one in _REGIONS if told.get(one)), "")),
            segment=name_in(told.get("segment", "")),
        )

    def moment(self, place: Place | None, *nanoseconds: object) -> float | None:
        """Return when a record was made in epoch seconds, None where it is not taken.

        Args:
            place: from `place`.
            nanoseconds: since 1970, as sent; the first that is a time counts.
        """
        at, reason = self._judged(place, nanoseconds)
        if at is None or place is None:
            if reason:
                self.refuse(reason)
            return None
        minute = int(at // 60) * 60
        self.taken[place.env] += 1
        self.heard[place.env] = min(self.heard.get(place.env, minute), minute)
        return at

    def _judged(
        self, place: Place | None, nanoseconds: Sequence[object]
    ) -> tuple[float | None, str]:
        """Return when a record was made, or why it is not taken."""
        self._seen += 1
        if self._seen > MOST_RECORDS:
            return None, f"more than {MOST_RECORDS:,} records in one body: send smaller ones"
        if place is None:
            return None, self._homeless
        at = next((one for one in map(_seconds, nanoseconds) if one), None)
        if self.received_at is not None:
            at = at or self._now
            if not -_OLDEST_SECONDS <= at - self._now <= _AHEAD_SECONDS:
                return None, "a time over a day ago or ahead of ours: compare the clocks"
        return at, "" if at else "no time: timeUnixNano is due"

    def parsed(self, batch: TelemetryBatch, left_out: int = 0) -> Parsed:
        """Return what a body came down to."""
        if left_out:
            self.refused["too many different lines in one body: log statements, not data"] += (
                left_out
            )
        why = "; ".join(f"{count:,}: {reason}" for reason, count in sorted(self.refused.items()))
        return Parsed(
            batch=batch,
            rejected=sum(self.refused.values()),
            why=why,
            taken=dict(self.taken),
            steps=dict(self.steps),
        )

    @property
    def environments(self) -> tuple[tuple[str, datetime], ...]:
        """The environments that were heard of, with the earliest minute of each."""
        return tuple((env, utc(minute)) for env, minute in sorted(self.heard.items()))

    def refuse(self, reason: str) -> None:
        """Note that a record is not taken, and why."""
        self.refused[reason] += 1


def environment(named: str, declared: Collection[str]) -> str:
    """Return an environment as `aiops.yaml` calls it: OpenTelemetry's `production` may be `prod`.

    One that is not declared is the one whose name it begins with, where only letters follow.

    Examples:
        >>> environment("Production", {"prod", "staging"}), environment("prod-eu", {"prod"})
        ('prod', 'prod-eu')
    """
    if named in declared:
        return named
    lower = named.lower()
    spelled = [
        one
        for one in declared
        if lower == one or (lower.startswith(one) and lower.removeprefix(one).isalpha())
    ]
    return max(spelled, key=lambda one: (len(one), one), default=named)


def document(body: bytes) -> Mapping[str, Any]:
    """Return a JSON body.

    Raises:
        InputError: it is no JSON object.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the body is no JSON ({error}); expected OTLP/JSON") from error
    if not isinstance(found, dict):
        raise InputError(f"found {kind_of(found)}, expected an object with resource… in it")
    return found


def message(body: bytes, kind: Callable[[], Message]) -> Any:
    """Return a protobuf body as a message of `kind`.

    Raises:
        InputError: it is none.
    """
    made = kind()
    try:
        made.ParseFromString(body)
    except DecodeError as error:
        raise InputError(f"the body is no protobuf of this kind ({error})") from error
    return made


def told_of(
    body: bytes, levels: Levels, accept: Acceptance
) -> Iterator[tuple[str, Mapping[str, Any], Place | None]]:
    """Yield the records of a JSON body, each with its place in it and whose it is.

    Args:
        body: uncompressed.
        levels: names of the lists of resources, scopes and records.
        accept: says whose the records of a resource are.

    Raises:
        InputError: it is no such body; names the place.
    """
    resources, scopes, records = levels
    for where, resource in items(document(body), resources, ""):
        about = resource.get("resource")
        place = accept.place(told_in(about, where) if isinstance(about, dict) else {})
        for inside, scope in items(resource, scopes, where):
            for spot, one in items(scope, records, inside):
                yield spot, one, place


def sent_in(
    body: bytes, kind: Callable[[], Message], levels: Levels, accept: Acceptance
) -> Iterator[tuple[Any, Place | None]]:
    """Yield the records of a protobuf body, each with whose it is; as `told_of`."""
    resources, scopes, records = (snake_case(name) for name in levels)
    for resource in getattr(message(body, kind), resources):
        place = accept.place(told_by(resource.resource.attributes))
        for scope in getattr(resource, scopes):
            for one in getattr(scope, records):
                yield one, place


def name_in(text: str) -> str:
    r"""Return a name that somebody sent as we keep it: short, and without what no database takes.

    Examples:
        >>> name_in(" pay\0ments ")
        'pay ments'
    """
    printable = "".join(char if char.isprintable() else " " for char in text[:_NAME_CHARACTERS])
    return printable.strip()


def _seconds(nanoseconds: object) -> float | None:
    try:
        count = nanoseconds if isinstance(nanoseconds, int) else int(str(nanoseconds or 0))
    except ValueError:
        return None
    return count / 1e9 if 0 < count < 2**63 else None
