"""The stores of one process, over its two databases."""

from functools import cached_property

from sqlalchemy import Engine

from aiops.domain.symptoms import Origin
from aiops.settings import Settings
from aiops.store.accepted import BodyStore
from aiops.store.alerts import AlertStore
from aiops.store.archives import ArchiveStore
from aiops.store.cases import CaseStore
from aiops.store.changes import ChangeStore
from aiops.store.clues import ClueStore
from aiops.store.dead_letters import DeadLetterStore
from aiops.store.digests import DigestStore
from aiops.store.engine import open_engine
from aiops.store.extents import Extents
from aiops.store.feeds import FeedStore
from aiops.store.incidents import IncidentStore
from aiops.store.late import LateTicks
from aiops.store.maintenance import MaintenanceStore
from aiops.store.marks import MarkStore
from aiops.store.memory import MemoryStore
from aiops.store.outbox import Outbox
from aiops.store.overflow import OverflowStore
from aiops.store.pages import PageStore
from aiops.store.pictures import PictureStore
from aiops.store.pulses import PulseStore
from aiops.store.pushed import PushedStore
from aiops.store.signals import HistoryStore
from aiops.store.silences import SilenceStore
from aiops.store.sli_hours import SliHourStore
from aiops.store.span_counts import SpanCountStore
from aiops.store.symptoms import SymptomStore
from aiops.store.updates import StatusUpdateStore
from aiops.store.words import WordStore


class Stores:
    """What is kept, each store opened on first use.

    Args:
        settings: of this installation.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def history(self) -> HistoryStore:
        """Ticks, profiles, states and cursors."""
        return HistoryStore(self._history_engine, origin=self.settings.origin)

    @cached_property
    def extents(self) -> Extents:
        """How far the measurements reach."""
        return Extents(self._history_engine)

    @cached_property
    def late(self) -> LateTicks:
        """Values that came after their tick had closed."""
        return LateTicks(self._history_engine, origin=self.settings.origin)

    @cached_property
    def pushed(self) -> PushedStore:
        """Samples that sources push."""
        return PushedStore(self._history_engine, origin=self.settings.origin)

    @cached_property
    def sli_hours(self) -> SliHourStore:
        """Indicators of journeys by the hour."""
        return SliHourStore(self._history_engine, origin=self.settings.origin)

    @cached_property
    def feeds(self) -> FeedStore:
        """What others send of their own accord, by the minute."""
        return FeedStore(self._history_engine, origin=self.settings.origin)

    @cached_property
    def _history_engine(self) -> Engine:
        return open_engine(self.settings.history_url, durable=False)

    @cached_property
    def _engine(self) -> Engine:
        return open_engine(self.settings.database_url, durable=True)

    @property
    def _origins(self) -> frozenset[Origin]:
        """Whose rows this installation sees: a live one never counts a demo's or a drill's."""
        return frozenset({self.settings.origin})

    @cached_property
    def symptoms(self) -> SymptomStore:
        """Symptoms and their facts."""
        return SymptomStore(self._engine)

    @cached_property
    def alerts(self) -> AlertStore:
        """Alerts of outside monitors."""
        return AlertStore(self._engine, origins=self._origins)

    @cached_property
    def changes(self) -> ChangeStore:
        """Change events."""
        return ChangeStore(self._engine)

    @cached_property
    def incidents(self) -> IncidentStore:
        """Incidents and their revisions."""
        return IncidentStore(self._engine, origins=self._origins)

    @cached_property
    def pages(self) -> PageStore:
        """Pages that others sent."""
        return PageStore(self._engine, origins=self._origins)

    @cached_property
    def words(self) -> WordStore:
        """What people say of incidents."""
        return WordStore(self._engine)

    @cached_property
    def outbox(self) -> Outbox:
        """What is to be told."""
        return Outbox(self._engine)

    @cached_property
    def pulses(self) -> PulseStore:
        """What became of pulses."""
        return PulseStore(self._engine)

    @cached_property
    def memory(self) -> MemoryStore:
        """Ended incidents and what fixed them."""
        return MemoryStore(self._engine, origins=self._origins)

    @cached_property
    def archives(self) -> ArchiveStore:
        """What is indexed of the ended incidents."""
        return ArchiveStore(self._history_engine, origin=self.settings.origin)

    @cached_property
    def marks(self) -> MarkStore:
        """What people said of series."""
        return MarkStore(self._engine, origins=self._origins)

    @cached_property
    def digests(self) -> DigestStore:
        """What owners are told in one message."""
        return DigestStore(self._engine, origins=self._origins)

    @cached_property
    def overflow(self) -> OverflowStore:
        """What waits for a sink longer than a minute."""
        return OverflowStore(self._engine, origins=self._origins)

    @cached_property
    def pictures(self) -> PictureStore:
        """What incidents look like."""
        return PictureStore(self._engine, origins=self._origins)

    @cached_property
    def status_updates(self) -> StatusUpdateStore:
        """What people told stakeholders."""
        return StatusUpdateStore(self._engine)

    @cached_property
    def silences(self) -> SilenceStore:
        """What nobody is told of for a while."""
        return SilenceStore(self._engine, origins=self._origins)

    @cached_property
    def cases(self) -> CaseStore:
        """Case events: much, and not to be lost, so durable beside the measurements."""
        engine = open_engine(self.settings.history_url, durable=True)
        return CaseStore(engine, origin=self.settings.origin)

    @cached_property
    def maintenance(self) -> MaintenanceStore:
        """Planned work."""
        return MaintenanceStore(self._engine, origins=self._origins)

    @cached_property
    def clues(self) -> ClueStore:
        """Logs and traces."""
        return ClueStore(self._engine, origin=self.settings.origin)

    @cached_property
    def span_counts(self) -> SpanCountStore:
        """How many requests spans tell of."""
        return SpanCountStore(self._engine)

    @cached_property
    def dead_letters(self) -> DeadLetterStore:
        """Bodies that could not be read."""
        return DeadLetterStore(self._engine)

    @cached_property
    def bodies(self) -> BodyStore:
        """Accepted bodies."""
        return BodyStore(self._engine)
