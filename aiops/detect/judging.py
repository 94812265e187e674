"""What the detectors say of one tick, put through persistence: verdicts → transitions → facts."""

from dataclasses import dataclass, replace

import numpy as np

from aiops.detect.episodes import Track
from aiops.detect.facts import Speaker
from aiops.detect.persistence import advance, persistence_of
from aiops.detect.protocol import Detector, Frame, Memory, Verdict
from aiops.detect.recent import Recent
from aiops.detect.transitions import NOTHING, Transitions
from aiops.detect.values import ShardProfile, ShardState
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.domain.ticks import KpiTick
from aiops.domain.time import utc

_BEFORE_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What one detector said of a tick.

    Args:
        detector: who.
        frame: the tick as it saw it.
        verdict: None where it had nothing to judge by.
        track: where its subjects stand now.
        moves: what became of them.
    """

    detector: Detector
    frame: Frame
    verdict: Verdict | None
    track: Track
    moves: Transitions

    def for_later_ones(self) -> Frame:
        """Return the tick for later detectors: without what is doubted, and who is alarmed."""
        frame, verdict = self.frame, self.verdict
        count = len(frame.series)
        alarmed = self.track.held
        if verdict is not None:
            beyond = (verdict.observed < verdict.low) | (verdict.observed > verdict.high)
            loud = verdict.outside | verdict.certain | beyond
            alarmed = alarmed | (verdict.measured & loud)
        if frame.alarmed is not None:
            alarmed = frame.alarmed | alarmed[:count]
        frame = replace(frame, alarmed=alarmed[:count])
        if verdict is None or verdict.doubted is None:
            return frame
        return frame.without(verdict.doubted)

    def facts(self, profile: ShardProfile, frame: Frame, origin: Origin) -> list[SymptomFact]:
        """Return what became known, in the domain's words."""
        detector = self.detector
        fitted = profile.fitted[detector.name]

        def compared_with(subject: int, at: int) -> str:
            words = detector.compared_with(fitted, subject, at, frame)
            return words + frame.counted.say_reset(subject, at)

        speaker = Speaker(
            detector=detector.name,
            kind=detector.kind,
            subjects=profile.subjects[detector.name],
            compared_with=compared_with,
            knows_past=self.verdict is not None and bool(self.verdict.own_past),
            origin=origin,
        )
        return speaker.facts(self.track, self.moves, frame.at)

    def learnt(self, profile: ShardProfile, state: ShardState, recent: Recent) -> Memory:
        """Return the detector's memory after the tick, which `recent` holds."""
        name, verdict = self.detector.name, self.verdict
        memory = state.memory[name]
        if verdict is None:
            return memory
        released = np.zeros(len(self.track.phase), dtype=np.bool_)
        released[self.moves.released] = True
        return self.detector.learn(
            replace(self.frame, recent=recent),
            profile.fitted[name],
            memory,
            verdict,
            held=self.track.held,
            released=released,
        )


def judge_all(profile: ShardProfile, state: ShardState, frame: Frame) -> list[Judged]:
    """Let the detectors judge a tick, in order; each knows which series those before it found."""
    judged = []
    for detector in profile.detectors:
        one = judge(detector, profile, state, frame)
        judged.append(one)
        frame = one.for_later_ones()
    return judged


def judge(detector: Detector, profile: ShardProfile, state: ShardState, frame: Frame) -> Judged:
    """Let one detector judge a tick, and persistence make of it what becomes of its subjects."""
    name = detector.name
    track = state.tracks[name]
    verdict = detector.score(frame, profile.fitted[name], state.memory[name], track.held)
    if verdict is None:
        return Judged(detector=detector, frame=frame, verdict=None, track=track, moves=NOTHING)
    rule = persistence_of(frame.policy, frame.step_seconds)
    track, moves = advance(track, verdict, frame.at, rule)
    own = profile.subjects[name] is profile.series
    for slot in moves.opened:
        episode = track.episode(slot)
        onset = int(episode["onset"])
        usual = frame.recent.before(onset, int(slot), _BEFORE_SECONDS) if own else None
        episode["before"] = episode["expected"] if usual is None else usual
    return Judged(detector=detector, frame=frame, verdict=verdict, track=track, moves=moves)


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
