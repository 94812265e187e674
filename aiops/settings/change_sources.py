"""Tools that report changes to us: what `aiops.yaml` says of each."""

from dataclasses import dataclass
from typing import Final

from aiops.settings.senders import SenderSettings

SIGNED_KINDS: Final = ("flagsmith", "github", "launchdarkly")
"""Kinds that sign their bodies with a secret instead of presenting a token."""

CHANGE_KINDS: Final = ("argocd", "cdevents", "gitlab", "kubernetes", "unleash", *SIGNED_KINDS)
"""Kinds of sources that report changes: their ingesters have the same names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSourceSettings(SenderSettings):
    """A tool that tells us what it did."""

    @property
    def is_signed(self) -> bool:
        """Whether its bodies are signed."""
        return self.kind in SIGNED_KINDS
