"""How much higher or lower than usual people want the bars of a series."""

import re
import zlib
from collections.abc import Callable, Sequence
from fnmatch import translate

import numpy as np

from aiops.detect.protocol import Frame, Memory
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series
from aiops.domain.ticks import Packed

_WILD = re.compile(r"[*?[]")


def blank_factors(count: int) -> Memory:
    """Return the factors of series nobody marked, and the version of the policy they are of."""
    return {
        "factor": np.ones(count, dtype=np.float32),
        "factor_version": np.zeros(count, dtype=np.uint32),
    }


def current_factors(frame: Frame, memory: Memory) -> Memory:
    """Return the factors of a memory, taken anew where the policy or the series are others."""
    version = _version(frame.policy)
    if (memory["factor_version"] == version).all():
        return {name: memory[name] for name in ("factor", "factor_version")}
    factors = factors_of(frame.series, frame.policy)
    return {"factor": factors, "factor_version": np.full(len(factors), version, dtype=np.uint32)}


def factors_of(series: Sequence[Series], policy: DetectPolicy) -> Packed:
    """Return the factor of every series; one that is marked as both is important.

    A pattern is a metric, service and metric as `checkout:*`, or, where it has a brace, the whole
    series as `checkout:*{*segment=gold*}`.
    """
    found = np.ones(len(series), dtype=np.float32)
    is_important, is_noisy = _matcher(policy.important), _matcher(policy.noisy)
    for slot, one in enumerate(series):
        if is_important(one):
            found[slot] = policy.important_factor
        elif is_noisy(one):
            found[slot] = policy.noisy_factor
    return found


def _matcher(patterns: Sequence[str]) -> Callable[[Series], bool]:
    """Return what tells the series that patterns name; most of them are plain names."""
    labelled = [one for one in patterns if "{" in one]
    names = frozenset(one for one in patterns if "{" not in one and not _WILD.search(one))
    wild = [one for one in patterns if one not in names and one not in labelled]
    whole = re.compile("|".join(map(translate, labelled)) or "(?!)")
    both, alone = (
        re.compile("|".join(translate(one) for one in wild if (":" in one) is has) or "(?!)")
        for has in (True, False)
    )

    def is_one(series: Series) -> bool:
        metric = series.key.metric
        name = f"{series.key.service}:{metric}"
        known = name in names or (metric in names and ":" not in metric)
        if known or alone.match(metric) or both.match(name):
            return True
        return bool(labelled and whole.match(series.key.fingerprint))

    return is_one


def _version(policy: DetectPolicy) -> int:
    """Return which marks these are; 0 is that of none."""
    if not (policy.important or policy.noisy):
        return 0
    marks = (policy.important, policy.noisy, policy.important_factor, policy.noisy_factor)
    return zlib.crc32(repr(marks).encode()) or 1
