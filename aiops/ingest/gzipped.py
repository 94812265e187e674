"""What gzip files hold, bounded, little by little. Pure."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from aiops.domain.errors import InputError

_GZIP: Final = 16 + zlib.MAX_WBITS
_AT_ONCE: Final = 256 * 1024


def unpacked(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yield what gzip holds in parts of a quarter of a megabyte at most, several members in a row.

    Raises:
        InputError: it is no gzip, is not whole, or holds more than `max_bytes`.

    Examples:
        >>> import gzip
        >>> b"".join(unpacked([gzip.compress(b"ab") + gzip.compress(b"c")], 3))
        b'abc'
    """
    member, left = zlib.decompressobj(_GZIP), max_bytes
    begun = False
    for chunk in chunks:
        waiting = chunk
        while waiting:
            if member.eof:
                waiting = waiting.lstrip(b"\0")  # padding, as of tapes
                if not waiting:
                    break
                member, begun = zlib.decompressobj(_GZIP), False
            try:
                part = member.decompress(waiting, _AT_ONCE)
            except zlib.error as error:
                raise InputError(f"it is no gzip ({error})") from error
            begun = True
            waiting = member.unused_data if member.eof else member.unconsumed_tail
            left -= len(part)
            if left < 0:
                raise InputError(f"it holds over {max_bytes:,} bytes, expected that many at most")
            if part:
                yield part
    if begun and not member.eof:
        raise InputError("the gzip file ends too early")
