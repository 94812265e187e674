"""Labels of an alert -> whose it is and how bad, by rules each of which can be told. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from aiops.domain.alerts import STRENGTHS, UNIT, AlertSeverity
from aiops.domain.families import classify, words_of
from aiops.domain.labels import normalized
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.incident.detection import REPORTER_LABEL
from aiops.incident.wording import OPERATION_LABELS
from aiops.settings import AlertSourceSettings

MOST_CHARACTERS: Final = 200
"""Of a name; what is longer is cut: a label is no text."""

_SEVERITIES: Final[Mapping[str, AlertSeverity]] = MappingProxyType(
    {
        word: severity
        for severity, words in {
            AlertSeverity.CRITICAL: "critical crit fatal emergency emerg page disaster blocker"
            " severe p1 sev1 sev0 1 urgent",
            AlertSeverity.ERROR: "error err major high alert p2 sev2 2",
            AlertSeverity.WARNING: "warning warn minor medium average moderate ticket p3 sev3 3",
            AlertSeverity.INFO: "info information informational notice low none ok debug trivial"
            " p4 p5 sev4 sev5 4 5",
        }.items()
        for word in words.split()
    }
)

_KEPT: Final = (*OPERATION_LABELS, REPORTER_LABEL)
"""Labels that say more of an alert than where it belongs."""

_ABSENT: Final = frozenset({"down", "dead", "unreachable", "outage", "unhealthy", "missing"})
"""Words of an alert's name that say nobody answers."""

_SLOW: Final = frozenset({"slow", "slowness", "sluggish"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What the labels of an alert say.

    Args:
        series: whose it is; where no label says so, it stands under the alert's own name.
        severity: how bad.
        is_mapped: whether a label said whose it is.
        steps: which rule did what, in words, one a line.
    """

    series: Series
    severity: AlertSeverity
    is_mapped: bool
    steps: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """Reads labels by a source's rules, and notes which rule did what."""

    labels: Mapping[str, str]
    rules: AlertSourceSettings
    steps: list[str] = field(default_factory=list)

    def find(self, what: str, names: Sequence[str], otherwise: str, why: str) -> str:
        """Return what the first of some labels says, as the rules translate it."""
        name = next((one for one in names if self.labels.get(one, "").strip()), None)
        if name is None:
            told = f"{what} = {otherwise}: {why}" if otherwise else f"{what}: {why}"
            self.steps.append(f"{told}; none of the labels {', '.join(names)} is there")
            return otherwise
        found = shortened(self.labels[name])
        translated = self.rules.values.get(what, {}).get(found, found)
        by = f", by `values.{what}` from {found}" if translated != found else ""
        self.steps.append(f"{what} = {translated}: from the label {name}{by}")
        return translated


def place(
    name: str, labels: Mapping[str, str], rules: AlertSourceSettings, default_env: str
) -> Placed:
    """Return whose an alert is, by its labels.

    Args:
        name: of the alert.
        labels: as they came.
        rules: of its source.
        default_env: of alerts that name none.

    Examples:
        >>> rules = AlertSourceSettings(name="am", kind="alertmanager")
        >>> found = place("CheckoutDown", {"service": "checkout"}, rules, "prod")
        >>> found.series.key.fingerprint, found.series.family.value, found.is_mapped
        ('checkout:CheckoutDown{env=prod}', 'availability', True)
    """
    asked = labels if rules.normalize else _asked(rules)
    told = tuple([pair for pair in labels.items() if pair[0] in asked])
    return _placed(shortened(name), told, rules, default_env)


@lru_cache
def _asked(rules: AlertSourceSettings) -> frozenset[str]:
    """Return the labels that say anything, by a source's rules."""
    names = rules.labels
    asked = (names.service, names.env, names.region, names.segment, names.severity, _KEPT)
    return frozenset().union(*asked)


@lru_cache(maxsize=4096)
def _placed(
    name: str, told: tuple[tuple[str, str], ...], rules: AlertSourceSettings, default_env: str
) -> Placed:
    """Return what `place` does: of the alerts of a storm most say the same."""
    brought = normalized(dict(told), rules.normalize)
    read, names = _Reader(brought.labels, rules, list(brought.steps)), rules.labels
    service = read.find("service", names.service, "", "not known, so it stands under its own name")
    env = read.find("env", names.env, default_env, "`default_env`")
    region = read.find("region", names.region, "", "all")
    segment = read.find("segment", names.segment, "", "all")
    severity = AlertSeverity.INFO if brought.is_ignored else _severity(read)
    family = _family(name)
    read.steps.append(f"family = {family}: from the words of {name}")
    kept = {one: shortened(brought.labels[one]) for one in _KEPT if brought.labels.get(one)}
    key = SeriesKey(
        service=service or name,
        metric=name,
        env=env,
        region=region or None,
        segment=segment or None,
        labels=tuple(sorted(kept.items())),
    )
    series = Series(
        key=key,
        family=family,
        bad_direction=Direction.UP,
        unit=UNIT,
        title=f"alert {name}",
        source=rules.name,
    )
    return Placed(
        series=series, severity=severity, is_mapped=bool(service), steps=tuple(read.steps)
    )


def severity_of(word: str) -> AlertSeverity | None:
    """Return what a severity's name means, None where nobody knows.

    Examples:
        >>> severity_of("P1").value, severity_of("Warning").value, severity_of("purple")
        ('critical', 'warning', None)
    """
    return _SEVERITIES.get(word.strip().lower())


def shortened(text: str) -> str:
    """Return a name on one line, cut where it is too long to be one."""
    line = text[: MOST_CHARACTERS * 2]
    if not line.isprintable():
        line = "".join(char if char.isprintable() else " " for char in line)
    return line.strip()[:MOST_CHARACTERS]


def _severity(read: _Reader) -> AlertSeverity:
    """Return the severity; a word nobody knows counts as an error: it is not swallowed."""
    word = read.find("severity", read.rules.labels.severity, "error", "taken for an error")
    found = severity_of(word)
    strength = f"strength {STRENGTHS[found or AlertSeverity.ERROR]:g}"
    if found is None:
        read.steps.append(f"severity = error, {strength}: nobody knows the word {word!r}")
        return AlertSeverity.ERROR
    read.steps.append(f"severity = {found}, {strength}")
    return found


def _family(name: str) -> Family:
    """Return what an alert speaks of, by the words of its name.

    Examples:
        >>> _family("HighErrorRate").value, _family("InstanceDown").value, _family("Odd").value
        ('errors', 'availability', 'other')
    """
    family, _ = classify(name, "")
    words = {*words_of(name)}
    if family is Family.OTHER and words & _ABSENT:
        return Family.AVAILABILITY
    if family is Family.OTHER and words & _SLOW:
        return Family.LATENCY
    return family
