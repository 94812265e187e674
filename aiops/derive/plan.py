"""Descriptions and raw series → which sample goes where, and what is made of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aiops.derive.groups import Grouping, Whole
from aiops.derive.lanes import OWN_LABELS, Labelled, Lane, Lanes, Operand, label_of, labelled
from aiops.domain.derivations import Derivation
from aiops.domain.errors import ConfigurationError
from aiops.domain.families import classify, title_of, unit_of
from aiops.domain.series import Direction, Series, SeriesKey


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One derivation by one set of labels.

    Args:
        derivation: what is derived.
        operands: what it is of, and of a ratio the whole too.
        outputs: the output slot of every group, or of every group of `worst`.
        worst: of which groups only the worst is told; None tells each of them.
        highest: whether the worst is the highest.
    """

    derivation: Derivation
    operands: tuple[Operand, ...]
    outputs: Whole
    worst: Grouping | None = None
    highest: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Where every raw sample goes and what is made of it; made anew when series are appended.

    Args:
        series: the raw series by slot.
        lanes: one per ring.
        steps: what is derived.
        outputs: the derived series by slot; appended raw series only append to them.
        left_out: raw series of histograms whose `le` is no number.
    """

    series: tuple[Series, ...]
    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Series, ...]
    left_out: tuple[Series, ...] = ()


def plan_of(derivations: Sequence[Derivation], series: Sequence[Series]) -> Plan:
    """Return the plan for raw series; slots never move, new series are appended.

    Raises:
        ConfigurationError: two derivations give series of the same name and labels.
    """
    lanes = Lanes(series=tuple(series))
    drafts = [draft for one in derivations for draft in _drafts(one, lanes) if draft.firsts]
    told = sorted(
        (first, number, place)
        for number, draft in enumerate(drafts)
        for place, first in enumerate(draft.firsts)
    )
    outputs: dict[SeriesKey, Series] = {}
    slots = [np.zeros(len(draft.firsts), dtype=np.int64) for draft in drafts]
    for slot, (first, number, place) in enumerate(told):
        draft = drafts[number]
        unit = lanes.unit_of(draft.step.derivation, first)
        derived = _derived(draft, lanes.series[first], unit)
        if derived.key in outputs:
            raise ConfigurationError(
                f"derived series: two are called {derived.key.fingerprint}, expected each to have"
                " a name or labels of its own"
            )
        outputs[derived.key] = derived
        slots[number][place] = slot
    return Plan(
        series=lanes.series,
        lanes=lanes.all(),
        steps=tuple(
            replace(draft.step, outputs=found) for draft, found in zip(drafts, slots, strict=True)
        ),
        outputs=tuple(outputs.values()),
        left_out=tuple(lanes.series[slot] for slot in sorted(lanes.unreadable)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A step whose output slots are not known yet, and the first raw slot of each output."""

    step: Step
    firsts: tuple[int, ...]


def _drafts(derivation: Derivation, lanes: Lanes) -> Iterator[_Draft]:
    operands, firsts = lanes.grouped(derivation, derivation.by)
    nowhere = np.zeros(0, dtype=np.int64)
    whole = Step(derivation=derivation, operands=operands, outputs=nowhere)
    yield _Draft(step=whole, firsts=firsts)
    if not derivation.worst_of:
        return
    operands, parts = lanes.grouped(derivation, (*derivation.by, derivation.worst_of))
    firsts_of: dict[Labelled, int] = {}
    groups = [labelled(lanes.series[slot].key, derivation.by) for slot in parts]
    for group, slot in zip(groups, parts, strict=True):
        firsts_of.setdefault(group, slot)
    place_of = {group: place for place, group in enumerate(firsts_of)}
    which = np.array([place_of[group] for group in groups], dtype=np.int64)
    _, direction = classify(derivation.name, derivation.unit)
    step = replace(
        whole,
        operands=operands,
        worst=Grouping.of(np.arange(len(parts)), which, len(firsts_of)),
        highest=direction is not Direction.DOWN,
    )
    yield _Draft(step=step, firsts=tuple(firsts_of.values()))


def _derived(draft: _Draft, raw: Series, unit: str) -> Series:
    """Return the series that a raw one is the first of."""
    one = draft.step.derivation
    unit = unit_of(one.name, one.unit or unit)
    family, bad_direction = classify(one.name, unit)
    title = one.title or title_of(one.name, family)
    metric = one.name
    if draft.step.worst is not None:
        metric, title = f"{metric}_worst_{one.worst_of}", f"{title} of the worst {one.worst_of}"
    found = {label: value for label in one.by if (value := label_of(raw.key, label))}
    return Series(
        key=SeriesKey(
            service=found.get("service") or one.service,
            metric=metric,
            env=raw.key.env,
            region=found.get("region"),
            segment=found.get("segment"),
            labels=tuple(sorted(pair for pair in found.items() if pair[0] not in OWN_LABELS)),
        ),
        family=family,
        bad_direction=bad_direction,
        unit=unit,
        title=title,
        source=raw.source,
        zone=raw.zone,
    )
