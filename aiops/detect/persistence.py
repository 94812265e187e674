"""When verdicts become a symptom and when they stop being one; shared by all detectors."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aiops.detect.episodes import EPISODE, IDLE, OPEN, RESTING, Hits, Track, remember_change
from aiops.detect.protocol import Verdict
from aiops.detect.traits import Slots
from aiops.detect.transitions import NOBODY, NOTHING, Transitions
from aiops.domain.policies import DetectPolicy

_LONGEST_WINDOW = 32
_STRENGTHENED_BY = 1.5
_QUIET_TICKS = 3

_LITTLE = 0.1
"""Less than this share of its peak is no longer the same trouble, if the value is near again."""

LASTING_SECONDS = 120
"""A symptom still outside this long after its onset is told of once more: it is no blip."""

_NEVER = -(1 << 30)
TAKEN_BACK = 1 << 20
"""Late values against a symptom that are enough to withdraw it, whatever the policy."""

_PEAK_FIELDS = ("observed", "expected", "low", "high", "direction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """The policy in ticks of one step: `needed` of `window` open, `recovery` inside end."""

    needed: int
    window: int
    recovery: int
    flap_seconds: int
    new_normal_seconds: int
    step_seconds: int


def persistence_of(policy: DetectPolicy, step_seconds: int) -> Persistence:
    """Return a policy's ticks for a step; short steps need more of them.

    Examples:
        >>> minute = persistence_of(DetectPolicy(), 60)
        >>> minute.needed, minute.window, minute.recovery
        (2, 3, 5)
        >>> second = persistence_of(DetectPolicy(), 5)
        >>> second.needed, second.window, second.recovery
        (4, 6, 24)
    """
    window = max(policy.persistence_window, -(-policy.persistence_seconds // step_seconds))
    window = min(window, _LONGEST_WINDOW)
    share = policy.persistence_ticks / policy.persistence_window
    return Persistence(
        needed=max(policy.persistence_ticks, round(share * window)),
        window=window,
        recovery=max(policy.recovery_ticks, -(-policy.recovery_seconds // step_seconds)),
        flap_seconds=policy.flap_seconds,
        new_normal_seconds=policy.new_normal_seconds,
        step_seconds=step_seconds,
    )


def advance(
    track: Track, verdict: Verdict, now: int, rule: Persistence
) -> tuple[Track, Transitions]:
    """Return the track after a tick and what became of its subjects."""
    hits = _shifted(track.hits, verdict, rule)
    loud = (verdict.outside | verdict.certain) & verdict.measured
    if not loud.any() and not len(track.slots):
        return replace(track, hits=hits), NOTHING
    loud[track.slots] = True
    slots = np.flatnonzero(loud)
    moving = _Moving.of(track, hits, slots)
    moves = _moved(moving, verdict.of(slots), now, rule)
    return moving.back_in(track, hits, moves, now - rule.flap_seconds), moves.of(slots)


def _shifted(hits: Hits, verdict: Verdict, rule: Persistence) -> Hits:
    """Return the registers with one more tick in those of the measured subjects."""
    if not hits.any() and not verdict.outside.any():
        return hits
    shifted = ((hits << np.uint32(1)) | verdict.outside) & np.uint32((1 << rule.window) - 1)
    return shifted if verdict.measured.all() else np.where(verdict.measured, shifted, hits)


@dataclass(slots=True, kw_only=True, eq=False)
class _Moving:
    """The few subjects that a tick may move; every array has shape (those subjects,)."""

    slots: Slots
    hits: Hits
    hits_before: Hits
    phase: npt.NDArray[np.uint8]
    episodes: npt.NDArray[np.void]

    @classmethod
    def of(cls, track: Track, hits: Hits, slots: Slots) -> "_Moving":
        """Return some subjects of a track, among them all that it has an episode of."""
        episodes = np.zeros(len(slots), dtype=EPISODE)
        episodes[np.searchsorted(slots, track.slots)] = track.episodes
        return cls(
            slots=slots,
            hits=hits[slots],
            hits_before=track.hits[slots],
            phase=track.phase[slots],
            episodes=episodes,
        )

    def back_in(self, track: Track, hits: Hits, moves: Transitions, rested: int) -> Track:
        """Return the track with them; what nobody can come back to is forgotten.

        Args:
            track: as it was before.
            hits: of all subjects.
            moves: what is to be told of them, by position.
            rested: epoch seconds; who ended before does not return.
        """
        quiet = self.hits == 0
        over = (self.phase == RESTING) & quiet & (self.episodes["ended"] < rested)
        self.phase[over] = IDLE
        kept = (self.phase != IDLE) | ~quiet
        kept[moves.told] = True
        hits, phase = hits.copy(), track.phase.copy()
        hits[self.slots], phase[self.slots] = self.hits, self.phase
        return Track(hits=hits, phase=phase, slots=self.slots[kept], episodes=self.episodes[kept])


def _moved(moving: _Moving, verdict: Verdict, now: int, rule: Persistence) -> Transitions:
    loud = verdict.measured & (verdict.outside | verdict.certain)
    held = moving.phase == OPEN
    _remember_peaks(moving, verdict, np.flatnonzero(loud), now, rule)
    opened, reopened = _open(moving, verdict, np.flatnonzero(loud & ~held), now, rule)
    open_before = np.flatnonzero(held & verdict.measured)
    lasting = _lasting(moving, verdict, open_before, now)
    strengthened = _go_on(moving, verdict, open_before, now, rule)
    ended = _end(moving, verdict, open_before, now, rule)
    still = open_before[moving.phase[open_before] == OPEN]
    released = _release(moving, verdict, still, now, rule)
    withdrawn = _withdraw(moving, verdict, still, now, rule)
    strengthened = strengthened[moving.phase[strengthened] == OPEN]
    return Transitions(
        opened=opened,
        reopened=reopened,
        strengthened=strengthened,
        continued=lasting[~np.isin(lasting, strengthened)],
        ended=ended,
        released=released,
        withdrawn=withdrawn,
    )


def _remember_peaks(
    track: _Moving, verdict: Verdict, loud: Slots, now: int, rule: Persistence
) -> None:
    episodes, hits_before = track.episodes, track.hits_before
    resting = track.phase[loud] == RESTING
    over = loud[resting & (episodes["ended"][loud] < now - rule.flap_seconds)]
    track.phase[over] = IDLE
    idle = loud[track.phase[loud] == IDLE]
    fresh = idle[hits_before[idle] == 0]
    episodes["onset"][fresh] = now
    full = np.uint32(1 << (rule.window - 1))
    shed = np.concatenate([over, idle[(hits_before[idle] & full) > 0]])
    age = np.frexp(np.maximum(track.hits[shed], 1).astype(np.float64))[1] - 1
    episodes["onset"][shed] = now - age.astype(np.int64) * rule.step_seconds
    first = np.concatenate([fresh, over])
    episodes["peak"][first] = -1.0
    higher = loud[verdict.strength[loud] > episodes["peak"][loud]]
    episodes["peak"][higher] = verdict.strength[higher]
    for name in _PEAK_FIELDS:
        episodes[name][higher] = getattr(verdict, name)[higher]
    if verdict.own_past:
        remember_change(episodes, verdict.own_past, loud, first)


def _open(
    track: _Moving, verdict: Verdict, loud: Slots, now: int, rule: Persistence
) -> tuple[Slots, Slots]:
    enough = np.bitwise_count(track.hits[loud]) >= rule.needed
    ready = loud[(enough & verdict.outside[loud]) | verdict.certain[loud]]
    reopened = ready[track.phase[ready] == RESTING]
    opened = ready[track.phase[ready] == IDLE]
    episodes = track.episodes
    alone = (track.hits[opened] & ~np.uint32(1)) == 0
    since = verdict.since[opened]
    episodes["onset"][opened] = np.where((since > 0) & alone, since, episodes["onset"][opened])
    episodes["detected"][opened] = now
    episodes["young"][opened] = verdict.young[opened]
    episodes["contrary"][opened] = np.where(verdict.certain[opened], _NEVER, 0)
    for name in ("last_outside", "told_at"):
        episodes[name][ready] = now
    for name in ("ended", "inside", "inside_since"):
        episodes[name][ready] = 0
    episodes["told"][ready] = episodes["peak"][ready]
    track.phase[ready] = OPEN
    return opened, reopened


def _lasting(track: _Moving, verdict: Verdict, held: Slots, now: int) -> Slots:
    """Return the open subjects that are outside and have just been so for long enough."""
    outside = held[verdict.outside[held] | verdict.certain[held]]
    lasted = track.episodes["last_outside"][outside] - track.episodes["onset"][outside]
    lasts = now - track.episodes["onset"][outside]
    return np.asarray(outside[(lasted < LASTING_SECONDS) & (lasts >= LASTING_SECONDS)])


def _go_on(track: _Moving, verdict: Verdict, held: Slots, now: int, rule: Persistence) -> Slots:
    episodes = track.episodes
    outside = held[verdict.outside[held] | verdict.certain[held]]
    older = now < episodes["last_outside"][held]  # a late value: what came after it holds
    episodes["last_outside"][outside] = np.maximum(now, episodes["last_outside"][outside])
    back = verdict.back[held]
    if verdict.remains is not None:
        back = back | (verdict.remains[held] <= _LITTLE * episodes["peak"][held])
    held, back = held[~older], back[~older]
    episodes["inside_since"][held[back & (episodes["inside"][held] == 0)]] = now
    episodes["inside"][held] = np.where(back, episodes["inside"][held] + 1, 0)
    stronger = episodes["peak"][held] >= _STRENGTHENED_BY * episodes["told"][held]
    rested = now - episodes["told_at"][held] >= _QUIET_TICKS * rule.step_seconds
    strengthened = held[stronger & rested]
    episodes["told"][strengthened] = episodes["peak"][strengthened]
    episodes["told_at"][strengthened] = now
    return strengthened


def _end(track: _Moving, verdict: Verdict, held: Slots, now: int, rule: Persistence) -> Slots:
    """End what is back, and what is almost back and would be new if it returned now.

    The level is frozen while a symptom is open: a series that wandered meanwhile comes near it,
    and may never be quite back.
    """
    episodes = track.episodes
    is_back = episodes["inside"][held] >= rule.recovery
    is_lapsed = np.zeros_like(is_back)
    if verdict.remains is not None:
        rest = max(rule.flap_seconds, rule.recovery * rule.step_seconds)
        silent = now - episodes["last_outside"][held] > rest
        is_lapsed = silent & np.isfinite(verdict.remains[held]) & ~is_back
    lapsed, ended = held[is_lapsed], held[is_lapsed | is_back]
    episodes["inside_since"][lapsed] = episodes["last_outside"][lapsed] + rule.step_seconds
    episodes["ended"][ended] = episodes["inside_since"][ended]
    track.phase[ended] = RESTING
    track.hits[ended] = 0
    return ended


def _withdraw(track: _Moving, verdict: Verdict, held: Slots, now: int, rule: Persistence) -> Slots:
    """Take back symptoms that late values show to be blips farther apart than the window.

    Those that are `TAKEN_BACK` go whether their series has a value or not.
    """
    episodes = track.episodes
    building = (episodes["onset"][held] < now) & (now < episodes["detected"][held])
    inside = held[building & ~verdict.outside[held] & ~verdict.certain[held]]
    episodes["contrary"][inside] += 1
    too_many = episodes["contrary"] > rule.window - rule.needed
    withdrawn = np.flatnonzero(too_many & (track.phase == OPEN))
    track.phase[withdrawn] = IDLE
    track.hits[withdrawn] = 0
    return withdrawn


def _release(track: _Moving, verdict: Verdict, held: Slots, now: int, rule: Persistence) -> Slots:
    if not verdict.settles:
        return NOBODY
    episodes = track.episodes
    released = held[now - episodes["onset"][held] >= rule.new_normal_seconds]
    lately = verdict.observed if verdict.lately is None else verdict.lately
    known = np.isfinite(lately[released])
    episodes["ended"][released] = now
    episodes["settled"][released] = np.where(known, lately[released], verdict.observed[released])
    track.phase[released] = IDLE
    track.hits[released] = 0
    return released
