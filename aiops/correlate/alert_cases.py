"""Which instance a case of alerts began in, where nothing but the alerts is known.

Alerts without times and magnitudes say little each; what tells is how unusual they are. An alert
that fires in every other case is habit, one that never fired before is news. So an instance is
suspected by how surprising its alerts are together, less what a callee in trouble may explain.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from aiops.correlate.diagnosis import EXCUSE
from aiops.domain.families import classify
from aiops.domain.series import Direction, Family

LOAD_WEIGHT = 0.3
"""More traffic at an instance was sent there by others: rather an effect than a cause."""

LOG_WEIGHT = 2.0
"""A new kind of log line is the instance's own word for its trouble; a metric also shows that of
others."""

MOST_REASONS = 3


class AlertKind(StrEnum):
    """What an alert was raised on."""

    METRIC = "metric"
    LOG = "log"
    TRACE = "trace"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Alert:
    """Something that was out of the ordinary, without when and how much.

    Args:
        kind: what it was raised on.
        instance: where; of a call the called one.
        what: the metric, the log template or the operation.
        way: up or down of a metric, the signal of a call, as in a status; else empty.
        caller: who made the call; empty of all else.
    """

    kind: AlertKind
    instance: str
    what: str
    way: str = ""
    caller: str = ""

    def __str__(self) -> str:
        words = [self.what, self.way, f"called by {self.caller}" if self.caller else ""]
        return " ".join(word for word in words if word)

    @property
    def weight(self) -> float:
        """How far it speaks for a cause in its instance."""
        if self.kind is AlertKind.LOG:
            return LOG_WEIGHT
        is_metric = self.kind is AlertKind.METRIC
        if is_metric and self.way == Direction.UP and classify(self.what)[0] is Family.TRAFFIC:
            return LOAD_WEIGHT
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCase:
    """One problem as its alerts tell it.

    Args:
        alerts: in any order; one that is there twice counts once.
        instances: all that may be the cause; alerts on others (hosts) are passed over. Empty:
            those with an alert.
        calls: caller, callee.
    """

    alerts: frozenset[Alert]
    instances: frozenset[str]
    calls: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Habits:
    """How often each alert fires in a system, over all its cases."""

    cases: int
    _counts: Counter[Alert] = field(repr=False)

    @classmethod
    def of(cls, cases: Iterable[AlertCase]) -> Self:
        """Count the alerts of a system's cases; those to be ranked may be among them."""
        several = tuple(cases)
        return cls(len(several), Counter(alert for case in several for alert in case.alerts))

    def count(self, alert: Alert) -> int:
        """Return in how many cases an alert fired."""
        return self._counts[alert]

    def surprise(self, alert: Alert) -> float:
        """Return the information an alert carries, in nats: 0 of one that always fires.

        Examples:
            >>> rare, usual = (Alert(kind=AlertKind.LOG, instance="a", what=w) for w in "ru")
            >>> cases = [AlertCase(alerts=frozenset({usual}), instances=frozenset())] * 9
            >>> habits = Habits.of(cases)
            >>> round(habits.surprise(rare), 1), round(habits.surprise(usual), 1)
            (3.0, 0.1)
        """
        return max(math.log((self.cases + 1) / (self._counts[alert] + 0.5)), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRanking:
    """Where a case of alerts most likely began.

    Args:
        instances: all of them, the likeliest first; equals by name.
        evidence: a sentence for each of the first that anything speaks for.
    """

    instances: tuple[str, ...]
    evidence: tuple[str, ...]


def rank_alerts(case: AlertCase, habits: Habits) -> AlertRanking:
    """Rank the instances of a case.

    The surprises of an instance's alerts are squared, so that one that is news outweighs several
    that are nearly habit, weighted and added up. Of that a share of what speaks for its most
    suspicious callee is taken away, since errors and waiting travel from callee to caller.

    Args:
        case: the alerts, and who calls whom.
        habits: of the same system; with fewer than about five cases hardly better than counting.

    Examples:
        >>> alert = Alert(kind=AlertKind.METRIC, instance="b", what="cpu", way="up")
        >>> case = AlertCase(alerts=frozenset({alert}), instances=frozenset("abc"))
        >>> rank_alerts(case, Habits.of([case])).instances
        ('b', 'a', 'c')
    """
    instances = case.instances or {alert.instance for alert in case.alerts}
    own = dict.fromkeys(sorted(instances), 0.0)
    for alert in sorted(case.alerts):
        if alert.instance in own:
            own[alert.instance] += alert.weight * habits.surprise(alert) ** 2
    scores = dict(own)
    excused: dict[str, str] = {}
    for caller, callee in sorted(case.calls):
        worst = own.get(excused.get(caller, ""), 0.0)
        if caller != callee and caller in own and own.get(callee, 0.0) > worst:
            scores[caller] = own[caller] - EXCUSE * own[callee]
            excused[caller] = callee
    order = sorted(own, key=lambda name: (-scores[name], name))
    told = [name for name in order if own[name] > 0][:MOST_REASONS]
    return AlertRanking(
        instances=tuple(order),
        evidence=tuple(_sentence(name, case, habits, excused.get(name)) for name in told),
    )


def _sentence(name: str, case: AlertCase, habits: Habits, excused_by: str | None) -> str:
    mine = [alert for alert in sorted(case.alerts) if alert.instance == name]
    mine.sort(key=lambda alert: -alert.weight * habits.surprise(alert) ** 2)
    clauses = [
        f"{alert.kind.value} {alert} (in {habits.count(alert)} of {habits.cases} cases)"
        for alert in mine[:MOST_REASONS]
    ]
    if len(mine) > MOST_REASONS:
        clauses.append(f"{len(mine) - MOST_REASONS} more")
    if excused_by is not None:
        clauses.append(f"some of it may come from {excused_by}")
    return f"{name}: {'; '.join(clauses)}"
