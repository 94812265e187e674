"""Whether a request really comes from Slack, and for the first time.

References:
    docs.slack.dev, "Verifying requests from Slack".
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from datetime import datetime

WINDOW_SECONDS = 300
"""How far a request's timestamp may lie from now, on either side."""

_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_REMEMBERED = 10_000


def signature_of(secret: str, stamp: str, body: bytes) -> str:
    """Return how Slack signs a body.

    Examples:
        >>> signature_of("secret", "1", b"a=b")[:12]
        'v0=9a903e071'
    """
    signed = b"v0:" + stamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class SlackGate:
    """Lets every genuine request through once.

    It remembers the signatures it has seen while their timestamps are good, at most 10,000 of
    them: only who knows the secret can fill it.

    Args:
        secret: the app's signing secret.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._seen: OrderedDict[str, float] = OrderedDict()

    def refusal(self, stamp: str, signature: str, body: bytes, now: datetime) -> str | None:
        """Return why a request is refused, or None where it is genuine and new.

        Args:
            stamp: the header X-Slack-Request-Timestamp.
            signature: the header X-Slack-Signature.
            body: raw, as it came.
            now: real time, aware.
        """
        seconds = now.timestamp()
        if not _STAMP.fullmatch(stamp) or abs(seconds - int(stamp)) > WINDOW_SECONDS:
            return "its timestamp is missing or more than 5 minutes off; check the clocks"
        if not _SIGNATURE.fullmatch(signature):
            return "its signature is missing or malformed"
        if not hmac.compare_digest(signature_of(self._secret, stamp, body), signature):
            return "its signature is wrong; check AIOPS_SLACK_SIGNING_SECRET"
        return None if self._is_new(signature, seconds) else "it was sent before"

    def forget(self, signature: str) -> None:
        """Let a request through once more: what it brought could not be kept."""
        self._seen.pop(signature, None)

    def _is_new(self, signature: str, seconds: float) -> bool:
        while self._seen and (
            next(iter(self._seen.values())) < seconds or len(self._seen) >= _REMEMBERED
        ):
            self._seen.popitem(last=False)
        if signature in self._seen:
            return False
        self._seen[signature] = seconds + 2 * WINDOW_SECONDS
        return True
