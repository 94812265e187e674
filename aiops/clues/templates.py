"""Masked lines -> templates, service by service: drain3's tree, which survives a restart. Pure.

Source: He, Zhu, Zheng and Lyu, "Drain: an online log parsing approach with fixed depth tree",
ICWS 2017; drain3 is its authors' recommended implementation.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from aiops.clues.masking import PARAMETER
from aiops.domain.clues import LogExample, LogLines, LogTemplate

MOST_TEMPLATES: Final = 300
"""Templates of one service; all further lines of one that writes mere data count as one."""

OTHER: Final = 0
"""The number of the template that stands for the lines past the cap."""

MOST_EXAMPLES: Final = 3
MOST_COHORTS: Final = 8
"""Examples of a template that are kept, of each of so many regions and segments."""

_ALIKE: Final = 0.8
"""Share of words two lines have in common to be one template; parameters are masked before, so
less would put "card declined" and "card expired" together."""

Place = tuple[str, str]
"""Environment and service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some lines come down to.

    Args:
        templates: those that are new or have changed, by env, service and number.
        counts: lines by env, service and minute, then by template number.
        crowded: services that have reached the cap, as (env, service).
    """

    templates: tuple[LogTemplate, ...]
    counts: Mapping[tuple[str, str, datetime], Mapping[int, int]]
    crowded: tuple[Place, ...] = ()


def tally(
    known: Mapping[Place, Sequence[LogTemplate]],
    lines: Iterable[LogLines],
    *,
    most: int = MOST_TEMPLATES,
) -> Tally:
    """Return the templates of some lines and how often each was written.

    The lines are worked in an order of their own, so theirs changes nothing; and the tree is made
    anew from `known`, so a restart changes nothing either.

    Args:
        known: templates so far, of every service that writes a line.
        lines: grouped lines; the same group may come several times.
        most: templates of one service at most.
    """
    by_place: defaultdict[Place, list[LogLines]] = defaultdict(list)
    for one in lines:
        by_place[one.env, one.service].append(one)
    changed: list[LogTemplate] = []
    counts: defaultdict[tuple[str, str, datetime], defaultdict[int, int]]
    counts = defaultdict(lambda: defaultdict(int))
    crowded = []
    for place in sorted(by_place):
        miner = _Miner(place, known.get(place, ()), most)
        for one in sorted(by_place[place], key=_order):
            counts[*place, one.minute][miner.take(one)] += one.count
        changed += miner.changed()
        if OTHER in miner.templates:
            crowded.append(place)
    return Tally(templates=tuple(changed), counts=counts, crowded=tuple(crowded))


def _order(one: LogLines) -> tuple[datetime, str, int, str, str, str, str]:
    cohort = (one.region, one.segment)
    return one.minute, one.text, one.severity, one.example, one.trace_id, *cohort


class _Miner:
    """The templates of one service as a tree that learns."""

    def __init__(self, place: Place, known: Iterable[LogTemplate], most: int) -> None:
        self._place = place
        self._most = most
        self._drain: Any = _tree()
        self.templates: dict[int, LogTemplate] = {}
        self._before: dict[int, LogTemplate] = {}
        self._seeds: dict[str, int] = {}
        for template in sorted(known, key=lambda one: one.number):
            self._before[template.number] = self.templates[template.number] = template
            if template.number != OTHER:
                self._plant(template.number, template.seed, template.text)

    def changed(self) -> list[LogTemplate]:
        """Return what is new or differs from what was known, by number."""
        return [
            self.templates[number]
            for number in sorted(self.templates)
            if self.templates[number] != self._before.get(number)
        ]

    def take(self, one: LogLines) -> int:
        """Count a group of lines in; return the number of its template."""
        number = self._find(one.text)
        text = self._text(number) if number != OTHER else "(further lines)"
        example = LogExample(
            minute=one.minute,
            text=one.example,
            trace_id=one.trace_id,
            region=one.region,
            segment=one.segment,
        )
        old = self.templates.get(number)
        if old is None:
            self.templates[number] = LogTemplate(
                env=self._place[0],
                service=self._place[1],
                number=number,
                severity=one.severity,
                seed=one.text,
                text=text,
                first_seen=one.minute,
                last_seen=one.minute,
                examples=(example,),
            )
        else:
            self.templates[number] = replace(
                old,
                severity=max(old.severity, one.severity),
                text=text,
                first_seen=min(old.first_seen, one.minute),
                last_seen=max(old.last_seen, one.minute),
                examples=_newest((*old.examples, example)),
            )
        return number

    def _find(self, text: str) -> int:
        """Return the number of the template of a masked line, a new one where none is alike."""
        known = self._seeds.get(text)
        if known is not None:
            return known
        words = text.split()
        # Parameters count as alike: a line must be found again by its own template.
        cluster = self._drain.tree_search(self._drain.root_node, words, _ALIKE, True)
        if cluster is None:
            numbers = self.templates.keys() - {OTHER}
            if len(numbers) >= self._most:
                return OTHER
            number = max(numbers, default=0) + 1
            self._plant(number, text, text)
            return number
        merged = self._drain.create_template(words, cluster.log_template_tokens)
        cluster.log_template_tokens = tuple(merged)
        return int(cluster.cluster_id)

    def _plant(self, number: int, seed: str, text: str) -> None:
        """Put a template into the tree where its seed led, as general as it has become."""
        from drain3.drain import LogCluster  # noqa: PLC0415 - 0.4 s, and most processes mine nothing

        cluster = LogCluster(seed.split(), number)
        self._drain.id_to_cluster[number] = cluster
        self._drain.add_seq_to_prefix_tree(self._drain.root_node, cluster)
        cluster.log_template_tokens = tuple(text.split())
        self._seeds[seed] = number

    def _text(self, number: int) -> str:
        return str(self._drain.id_to_cluster[number].get_template())


def _tree() -> Any:
    from drain3.drain import Drain  # noqa: PLC0415 - as above

    return Drain(sim_th=_ALIKE, param_str=PARAMETER)


def _newest(examples: Iterable[LogExample]) -> tuple[LogExample, ...]:
    """Return the newest few, newest first, of each of the first few regions and segments.

    One a minute; of two, the one with a trace, then by text.
    """
    cohorts: defaultdict[tuple[str, str], dict[datetime, LogExample]] = defaultdict(dict)
    for one in sorted(examples, key=lambda one: (not one.trace_id, one.text, one.trace_id)):
        cohorts[one.region, one.segment].setdefault(one.minute, one)
    kept = [
        by_minute[minute]
        for _, by_minute in sorted(cohorts.items())[:MOST_COHORTS]
        for minute in sorted(by_minute, reverse=True)[:MOST_EXAMPLES]
    ]
    return tuple(sorted(kept, key=lambda one: one.minute, reverse=True))
