"""The dead man's switch: what `aiops.yaml` says of it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSettings:
    """Whom to tell that signals come through, and how often.

    Args:
        enabled: whether pulses are sent.
        url: of a monitor elsewhere that calls people when it is not asked for; None: none.
        url_env: the environment variable it should come from, if one is named.
        every_seconds: how often a pulse is sent, in real seconds.
        via: where our own web server is reached from a worker.
        certificate: the one it shows there, where it is on this machine; None: any good one.
    """

    enabled: bool = False
    url: SecretStr | None = None
    url_env: str | None = None
    every_seconds: int = 60
    via: str = "http://127.0.0.1:8080"
    certificate: Path | None = None
