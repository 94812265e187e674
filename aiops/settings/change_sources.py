"""Tools that report changes to us: what `aiops.yaml` says of each."""

from dataclasses import dataclass
from typing import Final

from aiops.settings.senders import SIGNED_KINDS, SenderSettings

CHANGE_KINDS: Final = ("argocd", "cdevents", "gitlab", "kubernetes", "unleash", *SIGNED_KINDS)
"""Kinds of sources that report changes: their ingesters have the same names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSourceSettings(SenderSettings):
    """A tool that tells us what it did."""
