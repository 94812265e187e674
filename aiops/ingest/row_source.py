"""What sources of rows share: rows of each signal become samples, and what is wrong is told."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from aiops.domain.errors import InputError
from aiops.domain.journeys import Kpi
from aiops.domain.pulled import Sample
from aiops.ingest.cells import Moments
from aiops.ingest.prometheus_series import Naming
from aiops.ingest.rows import LeftOut, Reading, Tallies, Window, is_rate, per
from aiops.settings import RowSignalSettings, RowSourceSettings

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Pull:
    """One pull of one signal: what its rows add up to so far, and which were left out."""

    window: Window
    tallies: Tallies = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)


class Rows:
    """Turns the rows of a source into samples.

    Args:
        settings: of the source.
        kpis: the declared KPIs.
        default_env: the environment of rows that name none.
        decimal: what stands before the decimals of a number that is a text.
    """

    def __init__(
        self,
        settings: RowSourceSettings,
        kpis: tuple[Kpi, ...],
        default_env: str,
        decimal: str = ".",
    ) -> None:
        self.complaints: Mapping[str, str] = {}
        self._settings = settings
        read = replace(settings, normalize=())  # rows are in one form before they are added up
        self._naming = Naming(source=read, kpis=kpis, default_env=default_env)
        self._readings = {
            index: Reading(settings, signal, decimal)
            for index, signal in enumerate(settings.signals)
        }

    def take(
        self,
        pulls: Mapping[int, Pull],
        row: Mapping[str, Any],
        moments: Moments,
        where: str,
        line: int,
    ) -> None:
        """Take a row into the pulls of signals by their index, or note why it is left out."""
        try:
            at = moments.read(_column(row, self._settings.time))
        except InputError as error:
            for pull in pulls.values():
                pull.left_out.note(where, line, error)
            return
        for index, pull in pulls.items():
            try:
                self._readings[index].add(pull.tallies, row, at, pull.window.slot(at))
            except InputError as error:
                pull.left_out.note(where, line, error)

    def samples(
        self,
        pulls: Mapping[int, Pull],
        refused: Mapping[str, str],
        *,
        whole_until: datetime | None = None,
    ) -> Sequence[Sample]:
        """Return what the pulls of the signals came to; keep what is wrong as `complaints`.

        Args:
            pulls: by the index of the signal.
            refused: why something has none, by what it is.
            whole_until: ticks that end later have no value yet; None: all have theirs.
        """
        found: dict[str, Sample] = {}
        complaints = dict(refused)
        for index, pull in sorted(pulls.items()):
            signal = self._settings.signals[index]
            words = [pull.left_out.words()]
            try:
                columns = self._readings[index].columns(pull.tallies, pull.window)
                if whole_until is not None:
                    for one in columns:
                        one.values[pull.window.over_by(whole_until) :] = np.nan
                named = self._naming.name(signal, columns)
                words.append(named.left_out)
                for sample in named.samples:
                    found.setdefault(
                        sample.series.key.fingerprint, _in_unit(signal, sample, pull.window)
                    )
            except InputError as error:
                words.append(str(error))
            if told := "; ".join(filter(None, words)):
                complaints[signal.name] = self.place(signal, told)
        self._complain(complaints)
        return tuple(found.values())

    def place(self, signal: RowSignalSettings, words: str) -> str:
        """Return words with the source and signal they are about."""
        return f"source {self._settings.name!r}, signal {signal.name!r}: {words}"

    def _complain(self, complaints: Mapping[str, str]) -> None:
        """Keep why something is missing; log what is new."""
        for name, reason in complaints.items():
            if self.complaints.get(name) != reason:
                logger.warning("Something is missing: %s", reason)
        self.complaints = complaints


def _column(row: Mapping[str, Any], name: str) -> Any:
    if name not in row:
        raise InputError(f"{name}: there is no such column, expected the time")
    return row[name]


def _in_unit(signal: RowSignalSettings, sample: Sample, window: Window) -> Sample:
    """Return a sample per what its unit says, where it is a rate."""
    if not is_rate(signal):
        return sample
    ticks = per(sample.series.unit) / window.step_seconds
    return Sample(series=sample.series, values=sample.values * ticks)
