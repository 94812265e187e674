"""What is sent and belongs to nothing that is declared: counted, so that nobody has to guess."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from workers import knowledge
from workers.wiring import Parts


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unmapped:
    """What one kind of signal says that leads nowhere.

    Args:
        signal: `metrics`, `logs` or `alerts`.
        env: the environment it names.
        service: the service it names; of an alert that names none, the alert.
        count: of series, of log statements, of alerts.
        why: what is not declared.
    """

    signal: str
    env: str
    service: str
    count: int
    why: str


def unmapped(parts: Parts) -> tuple[Unmapped, ...]:
    """Return what leads to no service or environment we know, by signal, environment and name."""
    settings = parts.settings
    services = knowledge.topology(settings).services
    envs = {settings.default_env, *settings.policies.paging.known_environments}
    found = chain(_metrics(parts), _logs(parts), _alerts(parts))
    strange = (
        Unmapped(signal=signal, env=env, service=name, count=count, why=why)
        for (signal, env, name, is_named), count in found
        for why in _reasons(is_named, name in services, env in envs)
    )
    return tuple(sorted(strange))


_Counted = tuple[tuple[str, str, str, bool], int]
"""Signal, environment, name, whether that is a service's; and how many."""


def _reasons(is_named: bool, is_known: bool, is_declared: bool) -> Iterator[str]:
    if not is_named:
        yield "no label says whose it is"
    elif not is_known:
        yield "not in the topology"
    if not is_declared:
        yield "environment not declared"


def _metrics(parts: Parts) -> Iterator[_Counted]:
    for env in sorted(parts.extents.environments()):
        yield from _named("metrics", env, parts.history.samples(env).series_counts())


def _logs(parts: Parts) -> Iterator[_Counted]:
    for (env, service), count in parts.clues.template_counts().items():
        yield ("logs", env, service, True), count


def _named(signal: str, env: str, counts: Mapping[str, int]) -> Iterator[_Counted]:
    for service, count in counts.items():
        yield (signal, env, service, bool(service)), count


def _alerts(parts: Parts) -> Iterator[_Counted]:
    counts: Counter[tuple[str, str, str, bool]] = Counter()
    for alert in {
        one.key: one for one in (*parts.alerts.unmapped(), *parts.alerts.firing())
    }.values():
        told = alert.described
        if told is not None and told.series is not None:
            key = told.series.key
            counts["alerts", key.env, key.service, told.is_mapped] += 1
    yield from counts.items()
