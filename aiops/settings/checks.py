"""What the schema cannot see: settings that contradict each other, the disk or the environment."""

import ipaddress
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from aiops.settings import normalize, slos, sources
from aiops.settings.change_map import conditions
from aiops.settings.document import Document, Loc, path_of
from aiops.settings.problems import Problem, did_you_mean, shown
from aiops.settings.schema import JourneySection, SettingsFile, SinkSection

Finding = tuple[Loc, str, str]
"""Place in the file, message, hint."""

_ADDRESSES: Mapping[str, str] = MappingProxyType(
    {
        "webhook": "the address of your receiver",
        "jira": "the address of your site, as https://acme.atlassian.net",
    }
)
"""What `url` is, for the kinds of sinks that need one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is checked: the parsed file, and what surrounds it.

    Args:
        file: the parsed settings.
        folder: what relative paths start from.
        has_web_token: whether callers of the web server must present a token.
    """

    file: SettingsFile
    folder: Path
    has_web_token: bool


def check(facts: Facts, document: Document, broken: Collection[str]) -> Iterator[Problem]:
    """Yield every contradiction.

    Args:
        facts: what to check.
        document: for the lines.
        broken: top-level keys that could not be read; what depends on them is not checked.
    """
    for needs, find in _CHECKS.items():
        if set(needs).isdisjoint(broken):
            for loc, message, hint in find(facts):
                yield Problem(
                    place=document.place(loc), path=path_of(loc), message=message, hint=hint
                )


def entry_of(journey: JourneySection) -> str | None:
    """Return the service users meet first: as declared, else the first one that is named."""
    named = [journey.entry, *(step.service for step in journey.steps), *journey.services]
    return next((name for name in named if name), None)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host.

    Examples:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _journeys(facts: Facts) -> Iterator[Finding]:
    yield from _repeated("journeys", (journey.name for journey in facts.file.journeys))
    for index, journey in enumerate(facts.file.journeys):
        if entry_of(journey) is None:
            yield (
                ("journeys", index, "entry"),
                "found no service, expected the one users meet first",
                "write `entry: <service>` or `steps:`",
            )
    yield from slos.check(facts.file)


def _kpis(facts: Facts) -> Iterator[Finding]:
    yield from _repeated("kpis", (kpi.name for kpi in facts.file.kpis))


def _journey_of_kpi(facts: Facts) -> Iterator[Finding]:
    known = [journey.name for journey in facts.file.journeys]
    for index, kpi in enumerate(facts.file.kpis):
        if kpi.journey is not None and kpi.journey not in known:
            yield _unknown(("kpis", index, "journey"), kpi.journey, "journey", known)


def _kpis_of_journey(facts: Facts) -> Iterator[Finding]:
    known = [kpi.name for kpi in facts.file.kpis]
    for index, journey in enumerate(facts.file.journeys):
        for place, name in enumerate(journey.kpis):
            if name not in known:
                yield _unknown(("journeys", index, "kpis", place), name, "KPI", known)


def _kpi_of_signal(facts: Facts) -> Iterator[Finding]:
    known = [kpi.name for kpi in facts.file.kpis]
    for source, section in facts.file.sources.items():
        for index, signal in enumerate(section.signals):
            if signal.kpi is not None and signal.kpi not in known:
                loc = ("sources", source, "signals", index, "kpi")
                yield _unknown(loc, signal.kpi, "KPI", known)


def _map_of_changes(facts: Facts) -> Iterator[Finding]:
    known = [journey.name for journey in facts.file.journeys]
    for index, rule in enumerate(facts.file.changes.map):
        loc = ("changes", "map", index)
        if rule.journey is not None and rule.journey not in known:
            yield _unknown((*loc, "journey"), rule.journey, "journey", known)
        if not conditions(rule):
            asked = "repository, workflow, flag …"
            yield loc, "holds for every change", f"say what it asks for: {asked}"
        elif not (rule.service or rule.journey or rule.env):
            yield loc, "says nothing of what it asks for", "say service, journey or env"


def _sinks(facts: Facts) -> Iterator[Finding]:
    known = list(facts.file.sinks)
    for key in ("page_to", "ticket_to"):
        for index, name in enumerate(getattr(facts.file, key) or ()):
            if name not in known:
                yield _unknown((key, index), name, "sink", known)
    for name, sink in facts.file.sinks.items():
        if sink.fallback == name:
            yield ("sinks", name, "fallback"), "is the sink itself; name another", ""
        elif sink.fallback is not None and sink.fallback not in known:
            yield _unknown(("sinks", name, "fallback"), sink.fallback, "sink", known)
        if sink.kind in _ADDRESSES and sink.url is None:
            yield ("sinks", name, "url"), f"is missing; expected {_ADDRESSES[sink.kind]}", ""
        if sink.kind == "email":
            yield from _mail(name, sink)
        if sink.kind == "jira" and sink.project is None:
            loc = ("sinks", name, "project")
            yield loc, "is missing; expected the key of the project issues are made in, as OPS", ""


def _mail(name: str, sink: SinkSection) -> Iterator[Finding]:
    wanted = {
        "smtp": (sink.smtp, "your server, as smtps://mail.example.com"),
        "sender": (sink.sender, "the address mails come from"),
        "to": (sink.to, "the addresses mails go to"),
    }
    for key, (value, what) in wanted.items():
        if not value:
            yield ("sinks", name, key), f"is missing; expected {what}", ""


def _escalation(facts: Facts) -> Iterator[Finding]:
    known = list(facts.file.sinks)
    for severity, levels in facts.file.escalation.items():
        named = [(place, *one) for place, level in enumerate(levels) for one in enumerate(level.to)]
        for place, index, name in named:
            if name not in known:
                yield _unknown(("escalation", severity, place, "to", index), name, "sink", known)


def _policies(facts: Facts) -> Iterator[Finding]:
    """Yield numbers outside their range: the suffix of a policy's field says which it has."""
    for section in ("detect", "correlate", "severity", "life"):
        for name, value in asdict(getattr(facts.file, section)).items():
            if not isinstance(value, int | float):
                continue
            if name.endswith(("_ratio", "_relative", "_below")):
                expected, fits = "a share from 0 to 1", 0 <= value <= 1
            elif name.endswith("_seconds"):
                expected, fits = "at least 0 seconds", value >= 0
            else:
                expected, fits = "a number greater than 0", value > 0
            if not fits:
                yield (section, name), f"found {shown(value)}, expected {expected}", ""


def _detect_order(facts: Facts) -> Iterator[Finding]:
    policy = facts.file.detect
    if policy.persistence_ticks > policy.persistence_window:
        yield (
            ("detect", "persistence_ticks"),
            f"found {policy.persistence_ticks} ticks among the last {policy.persistence_window}, "
            "which nothing reaches; expected at most `persistence_window`",
            "lower it or raise persistence_window",
        )
    for name, lowers in (("important_factor", True), ("noisy_factor", False)):
        value = getattr(policy, name)
        if value != 1 and (value < 1) != lowers:
            expected = f"at {'most' if lowers else 'least'} 1"
            yield (
                ("detect", name),
                f"found {value}, expected {expected}",
                "bars are multiplied by it",
            )
    if policy.extreme_bar < policy.bar:
        yield (
            ("detect", "extreme_bar"),
            f"found {policy.extreme_bar}, expected at least `bar` ({policy.bar})",
            "",
        )


def _severity_order(facts: Facts) -> Iterator[Finding]:
    policy = facts.file.severity
    for what in ("money_relative", "error_ratio", "burn_rate"):
        first, second = getattr(policy, f"p1_{what}"), getattr(policy, f"p2_{what}")
        if first < second:
            message = f"found {first}, expected at least `p2_{what}` ({second})"
            yield ("severity", f"p1_{what}"), message, "P1 is worse than P2"


def _topology(facts: Facts) -> Iterator[Finding]:
    written = facts.file.topology
    if written is not None and not (path := facts.folder / written).exists():
        yield (
            ("topology",),
            f"found {shown(written)}, but there is no file {path}; expected a topology file "
            "or a folder of them",
            "a relative path starts from the folder of this file",
        )


def _runbooks(facts: Facts) -> Iterator[Finding]:
    written = facts.file.runbooks
    if written is not None and not (path := facts.folder / written).is_dir():
        yield (
            ("runbooks",),
            f"found {shown(written)}, but there is no folder {path}; expected one with runbooks",
            "a relative path starts from the folder of this file",
        )


def _web(facts: Facts) -> Iterator[Finding]:
    host = facts.file.web.host
    if not is_loopback(host) and not facts.has_web_token:
        yield (
            ("web", "host"),
            f"found {shown(host)}, which others can reach; expected a loopback address such as "
            "127.0.0.1, or a token",
            "set AIOPS_WEB_TOKEN in the environment, or AIOPS_WEB_TOKEN_FILE",
        )
    for name, other in (("certificate", "key"), ("key", "certificate")):
        written = getattr(facts.file.web, name)
        if written is None and getattr(facts.file.web, other) is not None:
            yield ("web", other), f"found it alone, expected `web.{name}` beside it", ""


_CHECKS: Mapping[tuple[str, ...], Callable[[Facts], Iterable[Finding]]] = MappingProxyType(
    {
        ("journeys",): _journeys,
        ("kpis",): _kpis,
        ("kpis", "journeys"): _journey_of_kpi,
        ("journeys", "kpis"): _kpis_of_journey,
        ("sources",): lambda facts: sources.check(facts.file),
        ("sources", "kpis"): _kpi_of_signal,
        ("changes", "journeys"): _map_of_changes,
        ("normalize", "sources"): lambda facts: normalize.check(facts.file),
        ("page_to", "ticket_to", "sinks"): _sinks,
        ("escalation", "sinks"): _escalation,
        ("detect", "correlate", "severity", "life"): _policies,
        ("detect",): _detect_order,
        ("severity",): _severity_order,
        ("topology",): _topology,
        ("runbooks",): _runbooks,
        ("web",): _web,
    }
)


def _repeated(section: str, names: Iterable[str]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in seen:
            message = f"found {shown(name)}, which {section}[{seen[name]}] is called too"
            yield (section, index, "name"), f"{message}; expected each name once", ""
        seen.setdefault(name, index)


def _unknown(loc: Loc, name: str, what: str, known: Iterable[str]) -> Finding:
    return loc, f"found {shown(name)}, expected a declared {what}", did_you_mean(name, known)
