"""Series whose values have become another quantity: nothing of what was known of them holds."""

from dataclasses import replace

import numpy as np

from aiops.detect.episodes import IDLE, OPEN, Track
from aiops.detect.persistence import TAKEN_BACK
from aiops.detect.protocol import Frame, Memory
from aiops.detect.traits import Slots
from aiops.detect.values import ShardProfile, ShardState
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import Shard


def afresh(
    shard: Shard, profile: ShardProfile, state: ShardState, frame: Frame, slots: Slots
) -> ShardState:
    """Return a state in which some series, that became counters or are none any more, are new.

    Their open symptoms were about another quantity: the next tick withdraws them. What is known of
    whether they have values at all stays.

    Args:
        shard: that it is of.
        profile: under which it goes on.
        state: as it stood; its recent values of these series have to be left out already.
        frame: of no tick, with the state's recent values.
        slots: of these series.
    """
    memory, tracks = {**state.memory}, {**state.tracks}
    for one in profile.detectors:
        if one.kind is SymptomKind.TELEMETRY_GAP:
            continue
        fresh = one.start(shard, profile.fitted[one.name], frame, None)
        memory[one.name] = _renewed(memory[one.name], fresh, slots)
        tracks[one.name] = _taken_back(tracks[one.name], slots)
    counted = state.counted.moved(profile.counters)
    return replace(state, memory=memory, tracks=tracks, counted=counted)


def _renewed(memory: Memory, fresh: Memory, slots: Slots) -> Memory:
    after = {name: array.copy() for name, array in memory.items()}
    for name, array in after.items():
        array[..., slots] = fresh[name][..., slots]
    return after


def _taken_back(track: Track, slots: Slots) -> Track:
    hits, phase, episodes = track.hits.copy(), track.phase.copy(), track.episodes.copy()
    hits[slots] = 0
    phase[slots[phase[slots] != OPEN]] = IDLE
    episodes["contrary"][np.isin(track.slots, slots)] = TAKEN_BACK
    return replace(track, hits=hits, phase=phase, episodes=episodes)
