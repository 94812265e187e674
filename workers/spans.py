"""Spans that came, as a source of metrics: what was counted of them is asked for tick by tick."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType

from aiops.domain.errors import SourceError, StoreError
from aiops.domain.journeys import Kpi
from aiops.domain.pulled import Sample
from aiops.ingest.rows import SEEN_SPAN, window_of
from aiops.ingest.span_metrics import MOST_SERIES, SpanMetrics
from aiops.ports import Clock
from aiops.settings import SpanSettings
from aiops.store.span_counts import SpanCountStore


class SpanSource:
    """Implements `aiops.ports.Source` and `Reporting`.

    Args:
        settings: of the source.
        kpis: the declared KPIs.
        store: where the counts are.
        clock: the product's.
    """

    def __init__(
        self, settings: SpanSettings, kpis: tuple[Kpi, ...], store: SpanCountStore, clock: Clock
    ) -> None:
        self.name = settings.name
        self.step_seconds = settings.step_seconds
        self.delay_seconds = settings.delay_seconds
        self.complaints: Mapping[str, str] = MappingProxyType({})
        self._store = store
        self._clock = clock
        self._metrics = SpanMetrics(settings, kpis)
        self._has_looked_back = False
        self._too_many = (
            f"{self.name}: more than {MOST_SERIES:,} services and calls; the others are left out: "
            "does a name hold an id?"
        )

    def pull(self, start: datetime, end: datetime, step_seconds: int) -> Sequence[Sample]:
        """Return rate, errors and duration of every service and call, as the port has it.

        Raises:
            SourceError: the database does not answer.
            ValueError: the interval is none.
        """
        window = window_of(start, end, step_seconds)
        with self._answering():
            if not self._has_looked_back:
                before = window.since - SEEN_SPAN
                self._metrics.note(self._store.parties(before, window.since, 2 * MOST_SERIES))
                self._has_looked_back = True
            counts = self._store.between(window.since, window.until)
        samples = self._metrics.samples(counts, window)
        self.complaints = {"series": self._too_many} if self._metrics.left_out else {}
        return samples

    def reported_until(self) -> datetime:
        """Return up to when all spans that came are counted, aware UTC.

        What waits may be of any minute that was still open when it came.

        Raises:
            SourceError: the database does not answer.
        """
        with self._answering():
            oldest = self._store.waiting_since()
        if oldest is None:
            return self._clock.now()
        return oldest - timedelta(seconds=self.delay_seconds)

    def now(self) -> datetime | None:
        """Return None: spans are stamped by many clocks."""
        return None

    def close(self) -> None:
        """Do nothing: the database is everybody's."""

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            raise SourceError(
                f"{self.name}: the counts of spans cannot be read ({error})"
            ) from error
