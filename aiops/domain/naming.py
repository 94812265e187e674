"""Which of the names we know stand in a text that people or monitors wrote."""

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


@lru_cache(maxsize=10_000)
def words_of(text: str) -> tuple[str, ...]:
    """Return a text's words in lower case, names taken apart.

    Examples:
        >>> words_of("paymentGateway-EU (HTTP 500)")
        ('payment', 'gateway', 'eu', 'http', '500')
    """
    return tuple(word.lower() for word in _WORD.findall(text))


@lru_cache(maxsize=500)
def named_in(text: str, names: frozenset[str]) -> frozenset[str]:
    """Return the names whose words stand in a text one after the other.

    What stands there only as a part of a longer name is not named.

    Examples:
        >>> sorted(named_in("PaymentGateway down", frozenset({"payment", "payment-gateway"})))
        ['payment-gateway']
        >>> sorted(named_in("payment: payment-gateway down", frozenset({"payment", "gateway"})))
        ['gateway', 'payment']
    """
    said = words_of(text)
    found: dict[tuple[int, int], set[str]] = {}
    longest = max((len(words_of(name)) for name in names), default=0)
    by_words: dict[tuple[str, ...], set[str]] = {}
    for name in names:
        by_words.setdefault(words_of(name), set()).add(name)
    for start in range(len(said)):
        for end in range(start + 1, min(start + longest, len(said)) + 1):
            if said[start:end] in by_words:
                found[start, end] = by_words[said[start:end]]
    whole = (
        place
        for place in found
        if not any(
            other != place and other[0] <= place[0] and place[1] <= other[1] for other in found
        )
    )
    return frozenset(name for place in whole for name in found[place])
