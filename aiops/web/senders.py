"""Which source a sender is: by its token, compared in constant time; each fits one source only."""

import hashlib
import hmac
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from aiops.settings import DIGEST, SenderSettings, is_digest

S = TypeVar("S", bound=SenderSettings)


def sender(sources: Sequence[S], presented: str) -> S | None:
    """Return the source one of whose tokens was presented, None where it is nobody's.

    Every token of every source is compared: the time says nothing of which was close.

    Args:
        sources: with their tokens, each as it is or as `sha256:` and its digest in hex.
        presented: by the sender.

    Examples:
        >>> from pydantic import SecretStr
        >>> from aiops.settings import AlertSourceSettings
        >>> am = AlertSourceSettings(name="am", kind="alertmanager", tokens=(SecretStr("t0"),))
        >>> sender([am], "t0").name, sender([am], "t1"), sender([am], "")
        ('am', None, None)
    """
    mine = _digest(presented)
    fits = [
        (one, hmac.compare_digest(mine, _digest_of(token.get_secret_value())))
        for one in sources
        for token in one.tokens
    ]
    return next((one for one, is_same in fits if is_same and presented), None)


@cache
def _digest_of(token: str) -> str:
    return token.removeprefix(DIGEST).lower() if is_digest(token) else _digest(token)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
