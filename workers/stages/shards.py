"""What detection of a shard works with, kept in the process: its series, profile and state.

SQL holds all of it; here is what saves reading and decoding it for every tick. The running state
lies in a mapped file under the place in the log it belongs to; it is written before the cursor
moves there, and it goes to SQL every few ticks. Without the file the few ticks since then are
worked out once more.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from aiops.detect.blob import Buffer
from aiops.detect.engine import ShardProfile, ShardState
from aiops.domain.errors import StateFormatError
from aiops.domain.ticks import Shard
from aiops.store.shard_files import ShardFiles
from aiops.store.signals import HistoryStore
from aiops.store.standing import Standing
from aiops.store.state_files import StateFile, StateFiles

CHECKPOINT_TICKS = 60
"""Ticks between two states in SQL; shards take turns. To score so many again takes half a second,
and to write the state is as much work as to score two."""


class KnownShard(NamedTuple):
    """A shard with its newest profile.

    Args:
        shard: its series.
        profile: to score it with.
        fitted: version of that profile; 0 where there is none that can be read.
        versions: of the shard, and of the newest profile, as they were read.
    """

    shard: Shard
    profile: ShardProfile
    fitted: int
    versions: tuple[int, int]


class KnownShards:
    """The shards this process has worked on.

    Args:
        history: where they are kept.
        files: profiles, mapped by every process that uses them.
        unreadable: is told of a profile of another form: shard id and why.
    """

    def __init__(
        self, history: HistoryStore, files: ShardFiles, unreadable: Callable[[str, str], None]
    ) -> None:
        self._history = history
        self._files = files
        self._unreadable = unreadable
        self._known: dict[str, KnownShard] = {}

    def get(self, shard_id: str, standing: Standing) -> KnownShard:
        """Return a shard and the profile to score it with, read anew where it has changed."""
        known = self._known.get(shard_id)
        versions = (standing.shard_version, standing.newest_profile)
        if known is None or known.versions != versions:
            same = known is not None and known.versions[0] == versions[0]
            shard = known.shard if known and same else self._history.shard(shard_id)
            known = KnownShard(shard, *self._profile(shard, versions[1]), versions)
            self._known[shard_id] = known
        return known

    def _profile(self, shard: Shard, version: int) -> tuple[ShardProfile, int]:
        if not version:
            return ShardProfile.empty(shard), 0
        blob = self._files.load(shard.id, str(version))
        if blob is not None:
            with suppress(StateFormatError):  # then it is made anew
                return ShardProfile.from_bytes(blob, shard), version
        return self._stored_profile(shard)

    def _stored_profile(self, shard: Shard) -> tuple[ShardProfile, int]:
        """Return the newest profile, and leave it in a file that all processes map."""
        version, stored = self._history.load_profile(shard.id) or (0, b"")
        blob: Buffer = stored
        if self._files.save(shard.id, str(version), stored):
            self._files.keep_only(shard.id, str(version))
            blob = self._files.load(shard.id, str(version)) or stored
        try:
            return ShardProfile.from_bytes(blob, shard), version
        except StateFormatError as error:
            self._unreadable(shard.id, str(error))
            return ShardProfile.empty(shard), 0


class ShardCaches(NamedTuple):
    """Where the files of all processes are."""

    profiles: ShardFiles
    states: StateFiles


class KeptState:
    """The running state of a shard in its file, by the place in the log it belongs to.

    Args:
        file: None where there can be none.
    """

    def __init__(self, file: StateFile | None) -> None:
        self._file = file

    def load(self, shard: Shard, standing: Standing) -> ShardState | None:
        """Return the state at the cursor; None where there is none to be read."""
        found = self._file.load(_name(standing)) if self._file else None
        if found is None:
            return None
        try:
            return ShardState.from_parts(*found, shard)
        except StateFormatError:
            return None

    def save(self, standing: Standing, state: ShardState) -> bool:
        """Write the state before the cursor moves; return whether it is kept anywhere."""
        return self._file is not None and self._file.save(_name(standing), *state.parts())


@contextmanager
def held(files: StateFiles, shard_id: str) -> Iterator[KeptState]:
    """Give the running state of a shard to this process alone."""
    with files.held(shard_id) as file:
        yield KeptState(file)


def is_checkpoint_between(before: Standing, after: Standing) -> bool:
    """Return whether a shard's turn to write its state to SQL lies between two places."""
    turn = zlib.crc32(after.shard_id.encode()) % CHECKPOINT_TICKS
    return _ticks(before, turn) // CHECKPOINT_TICKS < _ticks(after, turn) // CHECKPOINT_TICKS


def _ticks(standing: Standing, turn: int) -> int:
    return _seconds(standing) // standing.step_seconds + turn


def _seconds(standing: Standing) -> int:
    return int(standing.cursor.timestamp()) if standing.cursor else 0


def _name(standing: Standing) -> str:
    return f"{_seconds(standing)}-{standing.late}-{standing.profile_version}"
