"""What the detectors say of one tick, put through persistence: verdicts → transitions → facts."""

from dataclasses import dataclass, replace

import numpy as np

from aiops.detect.facts import Speaker
from aiops.detect.persistence import NOTHING, Track, Transitions, advance, persistence_of
from aiops.detect.protocol import Detector, Frame, Memory, Verdict
from aiops.detect.traits import Bools
from aiops.detect.values import ShardProfile, ShardState
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.domain.ticks import KpiTick
from aiops.domain.time import utc

_BEFORE_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What one detector said of a tick; `verdict` is None where it had nothing to judge by."""

    detector: Detector
    verdict: Verdict | None
    track: Track
    moves: Transitions

    def alarmed(self, count: int) -> Bools:
        """Return which of the first `count` subjects it finds outside, or has a symptom of."""
        held, verdict = self.track.held, self.verdict
        if verdict is None:
            return held[:count]
        beyond = (verdict.observed < verdict.low) | (verdict.observed > verdict.high)
        loud = verdict.outside | verdict.certain | beyond
        return np.asarray((held | (verdict.measured & loud))[:count])

    def facts(self, profile: ShardProfile, frame: Frame, origin: Origin) -> list[SymptomFact]:
        """Return what became known, in the domain's words."""
        detector = self.detector
        fitted = profile.fitted[detector.name]
        speaker = Speaker(
            detector=detector.name,
            kind=detector.kind,
            subjects=profile.subjects[detector.name],
            compared_with=lambda subject, at: detector.compared_with(fitted, subject, at, frame),
            knows_past=self.verdict is not None and bool(self.verdict.own_past),
            origin=origin,
        )
        return speaker.facts(self.track, self.moves, frame.at)

    def learnt(self, profile: ShardProfile, state: ShardState, frame: Frame) -> Memory:
        """Return the detector's memory after the tick."""
        name, verdict = self.detector.name, self.verdict
        memory = state.memory[name]
        if verdict is None:
            return memory
        released = np.zeros(len(self.track.phase), dtype=np.bool_)
        released[self.moves.released] = True
        return self.detector.learn(
            frame,
            profile.fitted[name],
            memory,
            verdict,
            held=self.track.held,
            released=released,
        )


def judge_all(profile: ShardProfile, state: ShardState, frame: Frame) -> list[Judged]:
    """Let the detectors judge a tick, in order; each knows which series those before it found."""
    alarmed = np.zeros(len(frame.series), dtype=np.bool_)
    judged = []
    for detector in profile.detectors:
        one = judge(detector, profile, state, replace(frame, alarmed=alarmed))
        judged.append(one)
        alarmed = alarmed | one.alarmed(len(alarmed))
        if one.verdict is not None and one.verdict.doubted is not None:
            believed = np.where(one.verdict.doubted, np.float32(np.nan), frame.values)
            frame = replace(frame, values=believed)
    return judged


def judge(detector: Detector, profile: ShardProfile, state: ShardState, frame: Frame) -> Judged:
    """Let one detector judge a tick, and persistence make of it what becomes of its subjects."""
    name = detector.name
    track = state.tracks[name]
    verdict = detector.score(frame, profile.fitted[name], state.memory[name], track.held)
    if verdict is None:
        return Judged(detector=detector, verdict=None, track=track, moves=NOTHING)
    rule = persistence_of(frame.policy, frame.step_seconds)
    track, moves = advance(track, verdict, frame.at, rule)
    own = profile.subjects[name] is profile.series
    for slot in moves.opened:
        episode = track.episodes[slot]
        onset = int(episode["onset"])
        usual = frame.recent.before(onset, int(slot), _BEFORE_SECONDS) if own else None
        episode["before"] = episode["expected"] if usual is None else usual
    return Judged(detector=detector, verdict=verdict, track=track, moves=moves)


def kpis(frame: Frame, judged: list[Judged]) -> KpiTick | None:
    """Return what the first detector that knows the usual value says of the KPI slots."""
    slots = frame.traits.kpi_slots
    for one in judged:
        verdict = one.verdict
        if verdict is None or verdict.usual is None or verdict.scale is None or not len(slots):
            continue
        known = verdict.measured[slots]
        return KpiTick(
            at=utc(frame.at),
            series=frame.traits.kpi_series,
            observed=np.where(known, frame.values[slots], np.nan).astype(np.float64),
            expected=verdict.usual[slots].astype(np.float64),
            scale=verdict.scale[slots].astype(np.float64),
        )
    return None
