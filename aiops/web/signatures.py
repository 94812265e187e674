"""Who signed a body: the HMAC-SHA256 of it in a header, by the secret of a source.

References:
    docs.github.com, "Validating webhook deliveries"; launchdarkly.com/docs, "Webhooks";
    docs.flagsmith.com, "Environment settings", webhook signature;
    grafana.com/docs, "Configure webhook notifications", HMAC signature.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

from fastapi import Request

from aiops.settings import SenderSettings, is_digest

S = TypeVar("S", bound=SenderSettings)

TOLERANCE_SECONDS: Final = 300
"""How far the moment of a signature may be from ours, where it is signed, too."""

_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a kind of source signs.

    Args:
        header: in lower case, with the HMAC in hex.
        begin: what stands before the hex.
        time_header: with the moment of signing in epoch seconds; where it is sent, that and a
            colon are signed before the body. Empty where none ever is.
    """

    header: str
    begin: str = ""
    time_header: str = ""


SIGNATURES: Final[Mapping[str, Signature]] = MappingProxyType(
    {
        "github": Signature(header="x-hub-signature-256", begin="sha256="),
        "flagsmith": Signature(header="x-flagsmith-signature"),
        "launchdarkly": Signature(header="x-ld-signature"),
        "grafana": Signature(
            header="x-grafana-alerting-signature", time_header="x-grafana-alerting-timestamp"
        ),
    }
)
"""By kind of source: all that sign always or can."""


def signature_of(secret: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of a body, in hex.

    Examples:
        >>> signature_of("secret", b"{}")[:8]
        '77325902'
    """
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signer(sources: Sequence[S], request: Request, body: bytes, now: datetime) -> S | None:
    """Return the source whose secret a body was signed with, None where it is nobody's, or old.

    Every secret is compared, each in constant time.

    Args:
        sources: of one kind, with their secrets; one that is kept as its digest cannot sign.
        request: with the headers.
        body: as it came.
        now: by the wall clock, aware UTC.
    """
    if not sources:
        return None
    how = SIGNATURES[sources[0].kind]
    given = request.headers.get(how.header, "").encode()
    stamp = request.headers.get(how.time_header, "") if how.time_header else ""
    if stamp and not _is_near(stamp, now):
        return None
    signed = stamp.encode() + b":" + body if stamp else body
    fits = [
        (one, hmac.compare_digest(given, f"{how.begin}{signature_of(secret, signed)}".encode()))
        for one in sources
        for secret in (token.get_secret_value() for token in one.tokens)
        if not is_digest(secret)
    ]
    return next((one for one, is_same in fits if is_same), None)


def _is_near(stamp: str, now: datetime) -> bool:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= _MOST_DIGITS):
        return False
    return abs(now.timestamp() - int(stamp)) <= TOLERANCE_SECONDS
