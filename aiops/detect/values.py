"""The two values detection keeps: the immutable profile of a shard and its running state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from aiops.detect import blob
from aiops.detect.counted import NOT_COUNTED, Counted
from aiops.detect.counters import rated
from aiops.detect.episodes import Track
from aiops.detect.protocol import Detector, Memory
from aiops.detect.recent import Recent
from aiops.detect.registry import all_detectors
from aiops.detect.traits import NOBODY, Slots, Traits, traits_of
from aiops.domain.errors import StateFormatError
from aiops.domain.series import Series
from aiops.domain.ticks import Shard

_PROFILE, _STATE = "profile", "state"
_TRACK_PARTS = ("hits", "phase", "slots", "episodes")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShardProfile:
    """What was learnt of a shard's series: immutable, by detector; never changed by scoring.

    Args:
        series: the series it is of, by slot; counters are described as their rates.
        fitted: detector → named arrays, last axis by slot.
        counters: slots of the series that are judged by their rate, ascending.
        holidays: local dates whose hours are those of a Sunday.
        traits: standing knowledge of the series; derived, not stored.
        detectors: those it was fitted for, in their order; derived, not stored.
        subjects: detector → what it speaks about; derived, not stored.
    """

    series: tuple[Series, ...]
    fitted: Mapping[str, Memory]
    counters: Slots
    holidays: frozenset[date] = frozenset()
    traits: Traits = field(repr=False)
    detectors: tuple[Detector, ...] = field(repr=False)
    subjects: Mapping[str, Sequence[Series]] = field(repr=False)

    @classmethod
    def of(
        cls,
        shard: Shard,
        fitted: Mapping[str, Memory],
        holidays: frozenset[date] = frozenset(),
        counters: Slots = NOBODY,
    ) -> Self:
        """Return a profile with what follows from the series themselves."""
        shard = rated(shard, counters)
        detectors = tuple(one for one in all_detectors() if one.name in fitted)
        return cls(
            series=shard.series,
            fitted=fitted,
            counters=counters,
            holidays=holidays,
            traits=traits_of(shard),
            detectors=detectors,
            subjects={one.name: one.subjects(shard) for one in detectors},
        )

    @classmethod
    def empty(cls, shard: Shard, detectors: Sequence[Detector] | None = None) -> Self:
        """Return the profile under which every series is young; for all detectors if None."""
        chosen = all_detectors() if detectors is None else detectors
        return cls.of(shard, {one.name: one.blank(shard) for one in chosen})

    def grown(self, shard: Shard) -> Self:
        """Return the profile for a shard with appended series; those are young."""
        if len(shard.series) == len(self.series):
            return self
        count = len(self.series)
        fitted = {}
        for one in self.detectors:
            blank, known = one.blank(shard), self.fitted.get(one.name, {})
            fitted[one.name] = {
                name: _grown(known[name], array, count) if name in known else array
                for name, array in blank.items()
            }
        return type(self).of(shard, fitted, self.holidays, self.counters)

    def to_bytes(self) -> bytes:
        """Return it as one blob with a header."""
        days = np.array(sorted(day.toordinal() for day in self.holidays), dtype=np.int32)
        counters = self.counters.astype(np.int32)
        arrays = {"holidays": days, "counters": counters, **_flat(self.fitted)}
        return blob.pack(_PROFILE, blob.about(self.series), arrays)

    @classmethod
    def from_bytes(cls, data: blob.Buffer, shard: Shard) -> Self:
        """Return the profile of a blob; series appended since are young.

        Raises:
            StateFormatError: another form, version or series set: fit again.
        """
        about, arrays = blob.unpack(_PROFILE, data)
        count = blob.check(_PROFILE, about, shard.series)
        holidays = frozenset(date.fromordinal(int(day)) for day in arrays.pop("holidays"))
        counters = arrays.pop("counters", NOBODY).astype(np.intp)
        before = _first(shard, count)
        known = _nested(arrays)
        fitted = {one.name: known.get(one.name, {}) for one in all_detectors()}
        for one in all_detectors():
            if one.blank(before).keys() != fitted[one.name].keys():
                raise StateFormatError(f"profile blob: arrays of {one.name!r} changed; fit again")
        return cls.of(before, fitted, holidays, counters).grown(shard)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShardState:
    """Where detection of a shard stands after a tick; rebuilt from ticks when lost.

    Args:
        series: the series it is of, by slot.
        at: epoch seconds of the last tick, 0 before the first.
        number: ticks seen.
        recent: the last hour.
        memory: detector → named arrays, last axis by slot.
        tracks: detector → open and recent symptoms.
        counted: where the counters stood last.
    """

    series: tuple[Series, ...]
    at: int
    number: int
    recent: Recent
    memory: Mapping[str, Memory]
    tracks: Mapping[str, Track]
    counted: Counted = NOT_COUNTED

    def parts(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """Return what JSON can hold of it, and its arrays by name: the very ones, uncopied."""
        numbers = {"at": self.at, "number": self.number, "times": self.recent.times}
        tracks: dict[str, Memory] = {
            name: {part: getattr(track, part) for part in _TRACK_PARTS}
            for name, track in self.tracks.items()
        }
        arrays = {
            **{f"row/{number}": row for number, row in enumerate(self.recent.rows)},
            **{f"memory/{name}": array for name, array in _flat(self.memory).items()},
            **{f"track/{name}": array for name, array in _flat(tracks).items()},
            **{f"counted/{name}": array for name, array in self.counted.arrays().items()},
        }
        return numbers | blob.about(self.series), arrays

    @classmethod
    def from_parts(cls, about: Mapping[str, Any], arrays: blob.Arrays, shard: Shard) -> Self:
        """Return the state of its parts, with these arrays.

        Raises:
            StateFormatError: another form, version or series set: start again.
        """
        count = blob.check(_STATE, about, shard.series)
        found = _nested(arrays, levels=2)
        tracks = found.get("track", {})
        names = [one.name for one in all_detectors()]
        if set(names) - tracks.keys():
            raise StateFormatError("state blob: written with other detectors; start again")
        times = tuple(about["times"])
        rows = tuple(arrays[f"row/{number}"] for number in range(len(times)))
        return cls(
            series=shard.series[:count],
            at=about["at"],
            number=about["number"],
            recent=Recent(times=times, rows=rows),
            memory={name: found.get("memory", {}).get(name, {}) for name in names},
            tracks={name: Track(**tracks[name]) for name in names},
            counted=Counted(**found["counted"]) if "counted" in found else NOT_COUNTED,
        )

    def to_bytes(self) -> bytes:
        """Return it as one blob with a header."""
        return blob.pack(_STATE, *self.parts())

    @classmethod
    def from_bytes(cls, data: blob.Buffer, shard: Shard) -> Self:
        """Return the state of a blob; `engine` grows it where series were appended since.

        Raises:
            StateFormatError: another form, version or series set: start again.
        """
        return cls.from_parts(*blob.unpack(_STATE, data), shard)


def grown_memory(memory: Memory, fresh: Memory, count: int) -> Memory:
    """Return the memory of a grown shard: the first `count` slots as they were, then as fresh."""
    return {
        name: _grown(memory[name], array, count) if name in memory else array
        for name, array in fresh.items()
    }


def places_of(old: Sequence[Series], new: Sequence[Series]) -> npt.NDArray[np.intp]:
    """Return the new position of every old subject."""
    at = {one.key: place for place, one in reversed([*enumerate(new)])}
    return np.array([at[one.key] for one in old], dtype=np.intp)


def subjects_of(detector: Detector, shard: Shard, count: int) -> Sequence[Series]:
    """Return the subjects of the first `count` series of a shard."""
    return detector.subjects(_first(shard, count))


def _first(shard: Shard, count: int) -> Shard:
    if count == len(shard.series):
        return shard
    return Shard(
        id=shard.id, env=shard.env, step_seconds=shard.step_seconds, series=shard.series[:count]
    )


def _grown(known: npt.NDArray[Any], blank: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    grown = blank.copy()
    grown[..., :count] = known
    return grown


def _flat(nested: Mapping[str, Memory]) -> dict[str, npt.NDArray[Any]]:
    return {
        f"{outer}/{inner}": array for outer, part in nested.items() for inner, array in part.items()
    }


def _nested(arrays: Mapping[str, npt.NDArray[Any]], levels: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        *path, last = _split(name, levels)
        part = found
        for step in path:
            part = part.setdefault(step, {})
        part[last] = array
    return found


@lru_cache(maxsize=1024)
def _split(name: str, levels: int) -> list[str]:
    return name.split("/", levels)
