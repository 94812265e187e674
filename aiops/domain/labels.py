"""Rules that bring the labels of every source into one form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType

Labels = Mapping[str, str]

_READ_CHARACTERS = 500
"""Of a value that a pattern reads: no label that says whose something is, is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Reads labels out of one: the pattern's named groups become labels."""

    label: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRule:
    """One rule of `normalize`.

    Args:
        name: by which it is told, as `normalize[2]`.
        sources: whose labels it is about; empty: everybody's.
        where: a pattern with `*` by label: all have to hold.
        rename: new names by old ones; a label that is there already stays as it is.
        values: what a value is called here, by label and pattern of the value; the first counts.
        extract: labels that are part of another.
        drop: patterns of label names that nobody needs.
        ignore: what is so labelled is no signal for us.
    """

    name: str
    sources: tuple[str, ...] = ()
    where: Labels = field(default_factory=lambda: MappingProxyType({}))
    rename: Labels = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, Labels] = field(default_factory=lambda: MappingProxyType({}))
    extract: Extract | None = None
    drop: tuple[str, ...] = ()
    ignore: bool = False

    def is_about(self, labels: Labels) -> bool:
        """Return whether everything it asks for is there."""
        return all(
            fnmatchcase(labels.get(name, ""), pattern) for name, pattern in self.where.items()
        )

    def changed(self, labels: Labels) -> dict[str, str]:
        """Return labels as they are after this rule."""
        found = {
            name: value
            for name, value in labels.items()
            if not any(fnmatchcase(name, pattern) for pattern in self.drop)
        }
        for old, new in self.rename.items():
            if old in found:
                value = found.pop(old)
                found.setdefault(new, value)
        for name, values in self.values.items():
            if name in found:
                found[name] = _translated(found[name], values)
        return {**found, **self._extracted(found)}

    def _extracted(self, labels: Labels) -> Labels:
        if self.extract is None or self.extract.label not in labels:
            return {}
        match = self.extract.pattern.search(labels[self.extract.label][:_READ_CHARACTERS])
        groups = match.groupdict() if match else {}
        return {name: value for name, value in groups.items() if value and not labels.get(name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalized:
    """Labels in one form, which rule did what to them, and whether they are no signal for us."""

    labels: Labels
    steps: tuple[str, ...] = ()
    is_ignored: bool = False


def normalized(labels: Labels, rules: Sequence[LabelRule]) -> Normalized:
    """Return labels as the rules leave them, one after the other.

    Examples:
        >>> rule = LabelRule(name="normalize[0]", rename={"app": "service"})
        >>> found = normalized({"app": "checkout", "env": "prod"}, [rule])
        >>> found.labels, found.steps
        ({'env': 'prod', 'service': 'checkout'}, ("normalize[0]: app is service = 'checkout'",))
    """
    steps: list[str] = []
    for rule in rules:
        if not rule.is_about(labels):
            continue
        if rule.ignore:
            return Normalized(
                labels=labels, steps=(*steps, f"{rule.name}: ignored"), is_ignored=True
            )
        after = rule.changed(labels)
        steps += [f"{rule.name}: {words}" for words in _differences(rule, labels, after)]
        labels = after
    return Normalized(labels=labels, steps=tuple(steps))


def rules_for(rules: Sequence[LabelRule], source: str) -> tuple[LabelRule, ...]:
    """Return the rules that concern a source."""
    return tuple(one for one in rules if not one.sources or source in one.sources)


def _translated(value: str, values: Labels) -> str:
    if value in values:
        return values[value]
    return next((new for old, new in values.items() if fnmatchcase(value, old)), value)


def _differences(rule: LabelRule, before: Labels, after: Labels) -> list[str]:
    """Return what a rule did, in words, by label."""
    old_of = {new: old for old, new in rule.rename.items() if old in before}
    found = []
    for name in sorted({*before, *after}):
        if before.get(name) == after.get(name):
            continue
        if name not in after:
            if name not in rule.rename:
                found.append(f"{name} is dropped")
        elif name in old_of:
            found.append(f"{old_of[name]} is {name} = {after[name]!r}")
        elif name in before:
            found.append(f"{name} = {after[name]!r} from {before[name]!r}")
        else:
            source = rule.extract.label if rule.extract else ""
            found.append(f"{name} = {after[name]!r} out of {source}")
    return found
