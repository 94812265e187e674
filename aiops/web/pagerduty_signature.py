"""Whether a webhook really comes from PagerDuty.

References:
    developer.pagerduty.com, "Verifying signatures".
"""

import hashlib
import hmac
from collections.abc import Sequence

_VERSION = "v1="
_MOST_SIGNATURES = 10


def signature_of(secret: str, body: bytes) -> str:
    """Return how PagerDuty signs a body.

    Examples:
        >>> signature_of("secret", b"{}")[:11]
        'v1=77325902'
    """
    return _VERSION + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(secrets: Sequence[str], header: str, body: bytes) -> bool:
    """Return whether one of the signatures is by one of the secrets.

    While a secret is changed PagerDuty signs with both, and each subscription has its own.

    Args:
        secrets: of the subscriptions.
        header: X-PagerDuty-Signature: signatures, separated by commas.
        body: raw, as it came.
    """
    given = [one.strip().encode() for one in header.split(",")[:_MOST_SIGNATURES]]
    wanted = [signature_of(secret, body).encode() for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in given for other in wanted]
    return any(matches)
