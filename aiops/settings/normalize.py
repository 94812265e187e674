"""The rules of `normalize`: what is done to the labels of sources before they are read."""

import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from aiops.domain.labels import Extract, LabelRule
from aiops.settings.document import Loc
from aiops.settings.problems import shown
from aiops.settings.schema import SettingsFile
from aiops.settings.source_schema import ExtractSection, NormalizeSection

EXPORTS = ("otlp_logs", "otlp_traces")
"""What rules call those who send us logs and traces: they are no sources of `aiops.yaml`."""

_ACTIONS = ("rename", "map", "extract", "drop", "ignore")


def label_rules(rules: Sequence[NormalizeSection]) -> tuple[LabelRule, ...]:
    """Return the rules in their order."""
    return tuple(_rule(f"normalize[{index}]", one) for index, one in enumerate(rules))


def check(file: SettingsFile) -> Iterator[tuple[Loc, str, str]]:
    """Yield what is wrong with the rules: place, message, hint."""
    known = [*file.sources, *EXPORTS]
    for index, rule in enumerate(file.normalize):
        done = [name for name in _ACTIONS if getattr(rule, name)]
        if len(done) != 1:
            hint = f"say one of {', '.join(_ACTIONS)}; rules follow each other"
            yield ("normalize", index), f"found {len(done)} things to do, expected one", hint
        for place, name in enumerate(rule.source):
            if name not in known:
                message = f"found {shown(name)}, expected a source: {', '.join(known)}"
                yield ("normalize", index, "source", place), message, ""


def _rule(name: str, rule: NormalizeSection) -> LabelRule:
    extract = rule.extract
    return LabelRule(
        name=name,
        sources=tuple(rule.source),
        where=MappingProxyType(rule.where),
        rename=MappingProxyType(rule.rename),
        values=MappingProxyType(rule.map),
        extract=None if extract is None else _extract(extract),
        drop=tuple(rule.drop),
        ignore=rule.ignore,
    )


def _extract(section: ExtractSection) -> Extract:
    return Extract(label=section.label, pattern=re.compile(section.pattern))
