"""The rules of `normalize` as they are written."""

from pathlib import Path

import pytest

from aiops.settings import load
from tests.settings.test_load import complaint, write

RULES = r"""
sources:
  am: {kind: alertmanager}
  prom: {url: http://a, signals: [{name: errors, query: up}]}
normalize:
  - {rename: {app: service, stage: env}}
  - {map: {env: {production: prod}}}
  - {source: am, extract: {label: pod, pattern: '^(?P<service>.+)-\w{5}$'}}
  - {where: {env: "sandbox-*"}, ignore: true}
  - {source: otlp_logs, drop: "k8s.pod.*"}
"""


def test_every_source_has_the_rules_that_concern_it_in_their_order(tmp_path: Path) -> None:
    settings = load(write(tmp_path, RULES), {})
    (am,), (prom,) = settings.alert_sources, settings.sources
    assert [one.name for one in am.normalize] == [f"normalize[{n}]" for n in (0, 1, 2, 3)]
    assert [one.name for one in prom.normalize] == [f"normalize[{n}]" for n in (0, 1, 3)]
    assert len(settings.normalize) == 5


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("{}", "normalize[0]: found 0 things to do, expected one"),
        ("{drop: a, ignore: true}", "normalize[0]: found 2 things to do, expected one"),
        ("{source: nobody, drop: a}", "normalize[0].source[0]: found 'nobody', expected a source"),
        ("{extract: {label: pod, pattern: '('}}", "expected a regular expression"),
        ("{extract: {label: pod, pattern: 'a'}}", "a pattern with a named group"),
        ("{extract: {label: pod}}", "normalize[0].extract.pattern"),
        ("{renam: {a: b}}", "normalize[0].renam"),
    ],
)
def test_what_is_wrong_with_a_rule_is_named(tmp_path: Path, rule: str, says: str) -> None:
    assert says in complaint(tmp_path, f"normalize: [{rule}]")
