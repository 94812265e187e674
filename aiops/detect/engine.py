"""Detection of one shard: fit rarely, score every closed tick; the only door to this package.

fit(history) → ShardProfile          once a day, in the slow worker
start / adopt → ShardState           where scoring begins, and goes on under a new profile
step(tick) → Detection               strictly causal: judged first, learnt from afterwards
rescore(late tick) → Detection       values that came after their tick had closed
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aiops.detect.afresh import afresh
from aiops.detect.counted import NOT_COUNTED, Counted, past_of
from aiops.detect.counters import rated
from aiops.detect.episodes import new_track
from aiops.detect.judging import judge, judge_all, kpis
from aiops.detect.protocol import Detector, Frame, Verdict
from aiops.detect.recent import Recent, finite, recent_of, widened
from aiops.detect.registry import all_detectors
from aiops.detect.traits import traits_of
from aiops.detect.values import (
    ShardProfile,
    ShardState,
    grown_memory,
    places_of,
    subjects_of,
)
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.domain.ticks import History, HistoryInParts, KpiTick, Packed, Shard, Span, Tick

_NO_POLICY = DetectPolicy()

__all__ = ["Detection", "ShardProfile", "ShardState", "adopt", "fit", "rescore", "start", "step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a tick brought.

    Args:
        state: to go on with.
        facts: what became known, by detector; a symptom that merely goes on is not repeated.
        kpis: readings of the series that carry a declared KPI; None when there are none.
        verdicts: of the tick, by detector; one that had nothing to judge by is not there.
    """

    state: ShardState
    facts: tuple[SymptomFact, ...] = ()
    kpis: KpiTick | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


def fit(
    shard: Shard,
    history: History | HistoryInParts,
    policy: DetectPolicy,
    *,
    masked: Sequence[Span] = (),
    detectors: Sequence[Detector] | None = None,
) -> ShardProfile:
    """Learn a shard's profile from its past.

    Args:
        shard: whose series; the history may have fewer columns where the shard has grown.
        history: past ticks; a day makes it useful, two weeks good.
        policy: how fast levels follow, and which dates are like Sundays.
        masked: time of series in which an incident was real: nothing is learnt from it.
        detectors: who is to score under this profile, in their order; all of them if None.
    """
    chosen = all_detectors() if detectors is None else detectors
    if not len(history.times):
        return ShardProfile.empty(shard, chosen)
    past, counters = past_of(shard, history, policy, masked)
    judged = rated(shard, counters)
    traits = traits_of(judged)
    fitted = {one.name: one.fit(judged, traits, past, policy, policy.holidays) for one in chosen}
    return ShardProfile.of(shard, fitted, policy.holidays, counters)


def start(shard: Shard, profile: ShardProfile, history: History | None) -> ShardState:
    """Return the state at the end of a history (or of none), with no symptom open."""
    profile = profile.grown(shard)
    history, counted = Counted.of(profile.counters).over(history, shard.step_seconds)
    recent = recent_of(history, shard.step_seconds, len(shard.series))
    at = recent.times[-1] if recent.times else 0
    frame = _frame(shard, profile, recent, at)
    memory = {
        one.name: one.start(shard, profile.fitted[one.name], frame, history)
        for one in profile.detectors
    }
    tracks = {name: new_track(len(found)) for name, found in profile.subjects.items()}
    return ShardState(
        series=shard.series,
        at=at,
        number=0,
        recent=recent,
        memory=memory,
        tracks=tracks,
        counted=counted,
    )


def adopt(shard: Shard, profile: ShardProfile, state: ShardState) -> ShardState:
    """Return the state to go on with under a new profile, or for a shard that has grown.

    Open symptoms and what is remembered of known series stay; new series start young, and so does
    what turns out to be a counter: its levels say nothing of its rates.
    """
    profile = profile.grown(shard)
    state = _recounted(shard, profile, _grown(shard, profile, state))
    frame = _frame(shard, profile, state.recent, state.at)
    memory = {
        one.name: one.adopt(profile.fitted[one.name], state.memory[one.name], frame)
        for one in profile.detectors
    }
    return replace(state, memory=memory)


def step(  # noqa: PLR0917  # the order of the data flow
    shard: Shard,
    profile: ShardProfile,
    state: ShardState,
    tick: Tick,
    policy: DetectPolicy,
    origin: Origin = Origin.LIVE,
) -> Detection:
    """Score one closed tick, then learn from it; a tick that is not newer changes nothing.

    Args:
        shard: what is scored; a profile or state from before it grew is taken as it is.
        profile: what was learnt.
        state: after the tick before.
        tick: the values by slot.
        policy: bars and persistence.
        origin: written into every symptom.
    """
    now = int(tick.at.timestamp())
    if now <= state.at:
        return Detection(state=state)
    profile = profile.grown(shard)
    state = _grown(shard, profile, state)
    values, counted = state.counted.after(now, tick.values, shard.step_seconds)
    frame = frame_of(shard, profile, state, now, values, policy, counted)
    return _step(shard, profile, state, frame, origin)


def rescore(  # noqa: PLR0917  # the order of the data flow
    shard: Shard,
    profile: ShardProfile,
    state: ShardState,
    tick: Tick,
    policy: DetectPolicy,
    origin: Origin = Origin.LIVE,
) -> Detection:
    """Judge values that came after their tick had closed, by what is known now.

    They may lengthen, open, end or withdraw a symptom of their series. Nothing is learnt from
    them and nothing is rewound; whatever was said of telemetry missing at the time stays true.

    Args:
        shard: as for `step`.
        profile: what was learnt.
        state: as it stands, at or after the tick.
        tick: the late values by slot; NaN where nothing came late.
        policy: bars and persistence.
        origin: written into every symptom.
    """
    profile = profile.grown(shard)
    state = _grown(shard, profile, state)
    at, values = int(tick.at.timestamp()), state.counted.hidden(tick.values)
    frame = frame_of(shard, profile, state, at, values, policy, state.counted)
    judged = [
        judge(one, profile, state, frame)
        for one in profile.detectors
        if profile.subjects[one.name] is profile.series
    ]
    return Detection(
        state=replace(
            state,
            tracks={**state.tracks, **{one.detector.name: one.track for one in judged}},
        ),
        facts=tuple(fact for one in judged for fact in one.facts(profile, frame, origin)),
        kpis=kpis(frame, judged),
    )


def frame_of(  # noqa: PLR0917  # the order of the data flow
    shard: Shard,
    profile: ShardProfile,
    state: ShardState,
    at: int,
    values: Packed,
    policy: DetectPolicy,
    counted: Counted = NOT_COUNTED,
) -> Frame:
    """Return a tick at `at` (epoch seconds) as a detector sees it; counters by their rates."""
    elapsed = at - state.at if state.at else shard.step_seconds
    return _frame(
        shard,
        profile,
        state.recent,
        at,
        values=widened(finite(values), len(shard.series)),
        elapsed_seconds=max(elapsed, shard.step_seconds),
        number=state.number,
        policy=policy,
        counted=counted,
    )


def _step(
    shard: Shard, profile: ShardProfile, state: ShardState, frame: Frame, origin: Origin
) -> Detection:
    judged = judge_all(profile, state, frame)
    row = (judged[-1].frame if judged else frame).values.copy()
    for one in judged:
        if profile.subjects[one.detector.name] is profile.series:
            row[one.track.held] = np.nan  # an open symptom is not what is usual
    recent = frame.recent.append(frame.at, row, shard.step_seconds)
    facts = [fact for one in judged for fact in one.facts(profile, frame, origin)]
    return Detection(
        state=ShardState(
            series=shard.series,
            at=frame.at,
            number=frame.number + 1,
            recent=recent,
            memory={one.detector.name: one.learnt(profile, state, recent) for one in judged},
            tracks={one.detector.name: one.track for one in judged},
            counted=frame.counted,
        ),
        facts=tuple(facts),
        kpis=kpis(frame, judged),
        verdicts={one.detector.name: one.verdict for one in judged if one.verdict is not None},
    )


def _grown(shard: Shard, profile: ShardProfile, state: ShardState) -> ShardState:
    """Return the state with a place for every series; what is known of old ones stays."""
    count = len(state.series)
    if count == len(shard.series):
        return state
    recent = state.recent.resized(len(shard.series))
    frame = _frame(shard, profile, recent, state.at)
    memory, tracks = {}, {}
    for one in profile.detectors:
        name = one.name
        places = places_of(subjects_of(one, shard, count), profile.subjects[name])
        fresh = one.start(shard, profile.fitted[name], frame, None)
        memory[name] = grown_memory(state.memory[name], fresh, count)
        tracks[name] = state.tracks[name].moved(places, len(profile.subjects[name]))
    return replace(state, series=shard.series, recent=recent, memory=memory, tracks=tracks)


def _recounted(shard: Shard, profile: ShardProfile, state: ShardState) -> ShardState:
    """Return the state with nothing remembered of series that became counters, or are none."""
    changed = np.setxor1d(profile.counters, state.counted.slots)
    if not len(changed):
        return state
    recent = state.recent.without(changed)
    frame = _frame(shard, profile, recent, state.at)
    return afresh(shard, profile, replace(state, recent=recent), frame, changed)


def _frame(
    shard: Shard,
    profile: ShardProfile,
    recent: Recent,
    at: int,
    *,
    values: Packed | None = None,
    elapsed_seconds: int | None = None,
    number: int = 0,
    policy: DetectPolicy = _NO_POLICY,
    counted: Counted = NOT_COUNTED,
) -> Frame:
    if values is None:
        values = np.full(len(shard.series), np.nan, dtype=np.float32)
    measured = np.isfinite(values)
    return Frame(
        at=at,
        step_seconds=shard.step_seconds,
        elapsed_seconds=elapsed_seconds or shard.step_seconds,
        values=values,
        measured=measured,
        complete=bool(measured.all()),
        recent=recent,
        number=number,
        series=profile.series,
        traits=profile.traits,
        policy=policy,
        counted=counted,
        holidays=profile.holidays,
    )
