"""Detectors by name; imported on first use, third parties through `aiops.detectors`."""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from aiops.detect.protocol import Detector
from aiops.domain.errors import ConfigurationError

DETECTORS = {
    "unit_change": "aiops.detect.unit_change.UnitChange",
    "seasonal": "aiops.detect.seasonal.Seasonal",
    "absence": "aiops.detect.absence.Absence",
    "threshold": "aiops.detect.threshold.Threshold",
    "frozen": "aiops.detect.frozen.Frozen",
    "multivariate": "aiops.detect.multivariate.Multivariate",
}


@cache
def detector_named(name: str) -> Detector:
    """Return a detector by its name.

    Raises:
        ConfigurationError: nobody provides it.
    """
    path = DETECTORS.get(name)
    if path is not None:
        module, _, attribute = path.rpartition(".")
        return cast("Detector", getattr(import_module(module), attribute)())
    for entry in entry_points(group="aiops.detectors", name=name):
        return cast("Detector", entry.load()())
    known = ", ".join(sorted({*DETECTORS, *third_party_names()}))
    raise ConfigurationError(f"detector {name!r} is not installed; known are {known}")


@cache
def third_party_names() -> tuple[str, ...]:
    """Return the names that installed packages add, sorted; ours win over theirs."""
    found = {entry.name for entry in entry_points(group="aiops.detectors")}
    return tuple(sorted(found - DETECTORS.keys()))


@cache
def all_detectors() -> tuple[Detector, ...]:
    """Return every detector: ours in the order of the registry, then third parties' by name."""
    return tuple(detector_named(name) for name in (*DETECTORS, *third_party_names()))


def detectors_up_to(name: str) -> tuple[Detector, ...]:
    """Return a detector after those before it, which are all that it may know the findings of.

    Raises:
        ConfigurationError: nobody provides it.
    """
    last = detector_named(name).name
    names = [one.name for one in all_detectors()]
    return all_detectors()[: names.index(last) + 1]
