"""Transitions of a track → symptom facts, in the domain's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.episodes import Track
from aiops.detect.transitions import Transitions
from aiops.detect.unusual import OWN_PAST, say_unusual
from aiops.domain.series import Direction, Series
from aiops.domain.symptoms import (
    FactKind,
    Origin,
    Symptom,
    SymptomFact,
    SymptomKind,
    SymptomState,
    symptom_id,
)
from aiops.domain.time import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Says what one detector found.

    Args:
        detector: its name.
        kind: what sort of evidence it finds.
        subjects: what it speaks about, by position.
        compared_with: (subject, epoch seconds) → words.
        knows_past: whether it tells how unusual a value is against the series' own past.
    """

    detector: str
    kind: SymptomKind
    subjects: Sequence[Series]
    compared_with: Callable[[int, int], str]
    knows_past: bool
    origin: Origin

    def facts(self, track: Track, moves: Transitions, now: int) -> list[SymptomFact]:
        """Return one fact per subject something became known about, by kind, then position."""
        told = (
            (FactKind.OPENED, moves.opened),
            (FactKind.REOPENED, moves.reopened),
            (FactKind.STRENGTHENED, moves.strengthened),
            (FactKind.CONTINUED, moves.continued),
            (FactKind.ENDED, moves.ended),
            (FactKind.ENDED, moves.released),
            (FactKind.WITHDRAWN, moves.withdrawn),
        )
        return [
            SymptomFact(kind=kind, at=utc(now), symptom=self._as_of(moves, kind, track, slot))
            for kind, slots in told
            for slot in slots.tolist()
        ]

    def _as_of(self, moves: Transitions, kind: FactKind, track: Track, subject: int) -> Symptom:
        episode = track.episode(subject)
        symptom = self._symptom(subject, episode)
        if kind is FactKind.WITHDRAWN:
            return replace(symptom, state=SymptomState.WITHDRAWN)
        if kind is FactKind.ENDED and subject in moves.released:
            return replace(symptom, new_normal=_rounded(episode["settled"]))
        return symptom

    def _symptom(self, subject: int, episode: npt.NDArray[np.void]) -> Symptom:
        series = self.subjects[subject]
        onset, ended = int(episode["onset"]), int(episode["ended"])
        return Symptom(
            id=symptom_id(series.key.env, self.detector, series.key.fingerprint, utc(onset)),
            kind=self.kind,
            detector=self.detector,
            series=series,
            state=SymptomState.ENDED if ended else SymptomState.ACTIVE,
            onset=utc(onset),
            detected_at=utc(int(episode["detected"])),
            last_seen=utc(int(episode["last_outside"])),
            ended_at=utc(ended) if ended else None,
            direction=Direction.UP if episode["direction"] > 0 else Direction.DOWN,
            strength=_rounded(episode["peak"]),
            observed=_rounded(episode["observed"]),
            expected=_rounded(episode["expected"]),
            low=_rounded(episode["low"]),
            high=_rounded(episode["high"]),
            before=_rounded(episode["before"]),
            compared_with=self.compared_with(subject, onset),
            unusual=_unusual(episode) if self.knows_past else "",
            young=bool(episode["young"]),
            origin=self.origin,
        )


def _unusual(episode: npt.NDArray[np.void]) -> str:
    return say_unusual(*(float(episode[name]) for name in OWN_PAST))


def _rounded(value: Any) -> float:
    """Return a float32 as people would have written it: 0.072 for 0.07199999."""
    return float(f"{float(value):.7g}")
