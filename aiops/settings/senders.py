"""Who sends to us, and by what they are known: what all kinds of sources that send share."""

from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

DIGEST: Final = "sha256:"
"""How a token begins that is kept as its digest."""

SIGNED_KINDS: Final = ("flagsmith", "github", "launchdarkly")
"""Kinds that sign their bodies with a secret instead of presenting a token."""


def is_digest(token: str) -> bool:
    """Return whether of a token only its digest is kept: nothing can be signed with that."""
    return token.startswith(DIGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSettings:
    """A source that sends us what it knows.

    Args:
        name: of the source, as it appears in symptoms and changes.
        kind: the ingester that reads its bodies.
        tokens: one of them must be presented, or must have signed; a token that is presented may
            be written as `sha256:` and its digest.
        token_env: the environment variable they should come from, if one is named.
    """

    name: str
    kind: str
    tokens: tuple[SecretStr, ...] = ()
    token_env: str | None = None

    @property
    def is_signed(self) -> bool:
        """Whether its bodies are signed, by a secret that has to be known as it is."""
        return self.kind in SIGNED_KINDS
