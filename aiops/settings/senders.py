"""Who sends to us, and by what they are known: what all kinds of sources that send share."""

from dataclasses import dataclass

from pydantic import SecretStr


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
