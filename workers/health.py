"""What is in the way of each source, kept in Redis for whoever shows it."""

import redis


class SourceHealth:
    """Remembers the trouble of the last pull of every source.

    Nothing rests on it: it says the same thing once instead of at every tick, and `aiops up`
    shows it.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def note(self, source: str, trouble: str) -> bool:
        """Keep what is in the way now, empty for nothing; return whether that is news."""
        before = self._client.set(_key(source), trouble, get=True)
        return _text(before) != trouble

    def trouble(self, source: str) -> str:
        """Return what was in the way of the last pull; empty when nothing was, or none was made."""
        return _text(self._client.get(_key(source)))


def _key(source: str) -> str:
    return f"source:{source}:trouble"


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
