"""What our slash commands answer: a pure function of what was typed and what is known."""

import logging
import re
from collections.abc import Sequence
from concurrent.futures import TimeoutError as CommitTimeoutError
from datetime import datetime
from itertools import takewhile
from typing import Any

from aiops.domain.errors import AiopsError, InputError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.journeys import Runbook, RunbookStep
from aiops.domain.marks import Mark
from aiops.domain.words import Asker
from aiops.notify.mrkdwn import Block, context, escaped, header, link, section
from aiops.notify.phrases import headline, incident_url, introduction, state_words
from aiops.web.services import WebServices
from aiops.web.views import is_open

HELP = (
    "`/runbook RB-17` shows the steps of a runbook\n"
    "`/runbook search payment` finds runbooks by words\n"
    "`/incident` lists what is open\n"
    "`/incident INC-1001` tells of one incident\n"
    "`/incident INC-1001 noise nightly batch` says that it was nothing, and why; or `real`\n"
    "`/incident merge INC-1001 INC-1002 one connection pool` makes them one, and says why\n"
    "`/incident split INC-1001 search,search-db another fault` makes part of it one of its own\n"
    "`/incident declare payment-service checkout fails in EU` reports what nobody has noticed yet"
)

DECLARE = "declare"

_LOG = logging.getLogger(__name__)
_WORDS = {"real": True, "noise": False}
_PLACE = "Slack"
_RECENT = 200
_SHOWN = 15
_LIST_CHARACTERS = 2700
_MERGES = 10
_LINE_CHARACTERS = 300
_STEP_CHARACTERS = 600
_BLOCK_CHARACTERS = 11_000
_STEPS = 40
_WORD = re.compile(r"[\w.-]+")
_ID = re.compile(r"INC-\d+")


def answer(command: str, text: str, services: WebServices, who: str = "") -> dict[str, Any]:
    """Return the ephemeral answer to a slash command.

    Args:
        command: as in "/runbook"; anything we do not know answers with help.
        text: what was typed after it.
        services: incidents and runbooks.
        who: typed it.
    """
    words = text.split()
    if command == "/runbook" and words[:1] and words[0].lower() == "search":
        return _search(words[1:], services)
    if command == "/runbook" and words:
        return _runbook(words[0], services)
    if command == "/runbook":
        return _list("Runbooks", [_runbook_line(one, services) for one in services.runbooks])
    if command == "/incident":
        return _incidents(words, services, who)
    return _said("This is what I understand:\n" + HELP)


def declared(text: str, services: WebServices, asker: Asker) -> dict[str, Any]:
    """Return the ephemeral answer to a person's report; what became of it follows.

    Args:
        text: what was typed after "declare".
        services: for who takes reports.
        asker: typed it.
    """
    if services.declare is None:
        return _said("Nothing can be declared here: use `aiops incident declare`.")
    try:
        return _said(escaped(services.declare(text, asker), 1000))
    except InputError as error:
        return _said(escaped(f"Nothing was declared: {error}.", 1000))
    except (AiopsError, CommitTimeoutError) as error:
        _LOG.error("a report could not be kept: %s", error)
        return _said("Nothing was declared: it could not be kept now. Please say it again.")


def find_runbooks(words: Sequence[str], runbooks: Sequence[Runbook]) -> list[Runbook]:
    """Return the runbooks in which every word occurs, those in whose title it does first.

    Examples:
        >>> rows = (Runbook(id="RB-1", title="Slow disks"), Runbook(id="RB-2", title="Payments"))
        >>> [one.id for one in find_runbooks(["PAY"], rows)]
        ['RB-2']
    """
    wanted = [word.casefold() for text in words for word in _WORD.findall(text)]
    scored = [(_score(runbook, wanted), runbook) for runbook in runbooks]
    found = [(points, one) for points, one in scored if points]
    return [one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1].id))]


def _score(runbook: Runbook, words: Sequence[str]) -> int:
    places = (
        (8, f"{runbook.id} {runbook.title}"),
        (4, " ".join((*runbook.keywords, *runbook.services, *runbook.families))),
        (1, " ".join((runbook.text, *(step.text for step in runbook.steps)))),
    )
    points = [sum(weight for weight, text in places if word in text.casefold()) for word in words]
    return sum(points) if points and all(points) else 0


def _runbook(name: str, services: WebServices) -> dict[str, Any]:
    runbook = services.runbook(name)
    if runbook is None:
        near = find_runbooks([name], services.runbooks) or list(services.runbooks)
        lines = [_runbook_line(one, services) for one in near]
        return _list(f"There is no runbook {escaped(name, 40)}. There are", lines)
    title = f"{runbook.id}: {runbook.title}"
    steps = _fitting([_step(number, step) for number, step in enumerate(runbook.steps, start=1)])
    about = _about(runbook, services)
    text = "\n".join([f"*{escaped(title, 200)}*", *steps, about])
    return _said(text, [header(title), *(section(step) for step in steps), context(about)])


def _step(number: int, step: RunbookStep) -> str:
    lines = [f"*{number}.* {escaped(step.text, _STEP_CHARACTERS)}"]
    if step.query:
        lines.append(f"query: `{escaped(step.query.replace('`', ' '), _LINE_CHARACTERS)}`")
    if step.condition:
        lines.append(f"_{escaped(step.condition, _LINE_CHARACTERS)}_")
    if step.action:
        lines.append(f"action: {escaped(step.action, 80)}, automation level {step.level} of 3")
    return "\n".join(lines)


def _fitting(steps: Sequence[str]) -> list[str]:
    """Return as many steps as a message holds, and how many are left for the page."""
    room = _BLOCK_CHARACTERS
    for number, step in enumerate(steps):
        room -= len(step)
        if room < 0 or number == _STEPS:
            return [*steps[:number], f"… and {len(steps) - number} more steps on its page."]
    return list(steps) or ["It has no steps."]


def _about(runbook: Runbook, services: WebServices) -> str:
    parts = [f"kept by {runbook.owner}" if runbook.owner else "nobody keeps it"]
    parts.append(_reviewed(runbook.reviewed_at))
    words = escaped(", ".join(parts), _LINE_CHARACTERS)
    if not services.base_url:
        return words
    return f"{words} · {link(f'{services.base_url}/runbooks/{runbook.id}', 'the whole runbook')}"


def _reviewed(at: datetime | None) -> str:
    return f"reviewed {at:%d %b %Y}" if at else "never reviewed"


def _search(words: Sequence[str], services: WebServices) -> dict[str, Any]:
    if not words:
        return _said("Say what to look for, as in `/runbook search payment`.")
    wanted = escaped(" ".join(words), 80)
    found = find_runbooks(words, services.runbooks)
    if not found:
        return _said(f"No runbook speaks of “{wanted}”. `/runbook` lists all of them.")
    return _list(f"Runbooks for “{wanted}”", [_runbook_line(one, services) for one in found])


def _runbook_line(runbook: Runbook, services: WebServices) -> str:
    words = escaped(f"{runbook.id}: {runbook.title}", _LINE_CHARACTERS)
    if not services.base_url:
        return words
    return link(f"{services.base_url}/runbooks/{runbook.id}", f"{runbook.id}: {runbook.title}")


def _incidents(words: Sequence[str], services: WebServices, who: str) -> dict[str, Any]:
    if not words:
        return _open_incidents("Open incidents", services)
    if words[0].lower() in ("merge", "split"):
        return _regrouped(words, services, who)
    return _incident(words[0], words[1:], services, who)


def _incident(name: str, words: Sequence[str], services: WebServices, who: str) -> dict[str, Any]:
    name = f"INC-{name}" if name.isdecimal() else name.upper()
    incident, note = _followed(services.incidents.get(name), services)
    if incident is None:
        return _open_incidents(f"There is no incident {escaped(name, 40)}. Open are", services)
    if words and words[0].lower() in _WORDS and who:
        return _judged(incident, words, services, who)
    title = headline(incident, 150)
    story = escaped(incident.story, 2900)
    state = escaped(f"{note}{state_words(incident)}{_watch(incident)}", 700)
    advice = escaped(introduction(incident).partition(". ")[2], 1000)
    parts = [part for part in (state, story, advice) if part]
    blocks = [header(title), *(section(part) for part in parts)]
    if services.base_url:
        blocks.append(context(link(incident_url(services.base_url, incident), "the whole chart")))
    return _said("\n".join([f"*{escaped(title, 200)}*", *parts]), blocks)


def _followed(incident: Incident | None, services: WebServices) -> tuple[Incident | None, str]:
    """Return the incident that holds what a merged one held, and how it came to that."""
    note = ""
    for _ in range(_MERGES):
        if incident is None or incident.merged_into is None:
            break
        further = services.incidents.get(incident.merged_into)
        if further is None:
            break
        note += f"{incident.id} was merged into {further.id}. "
        incident = further
    return incident, note


def _watch(incident: Incident) -> str:
    if incident.state is not IncidentState.MITIGATED:
        return ""
    return " It is still watched: what comes back in that time calls again."


def _judged(
    incident: Incident, words: Sequence[str], services: WebServices, who: str
) -> dict[str, Any]:
    if services.judge is None:
        return _said("Nothing can be said of incidents here: use `aiops judge`.")
    word = words[0].lower()
    why = " ".join(words[1:])[:_LINE_CHARACTERS]
    marks = services.judge(incident.id, real=_WORDS[word], by=who, why=why)
    bars = "lower" if _WORDS[word] else "higher"
    lines = [escaped(f"{one.name}: {bars} bars{_until(one)}", _LINE_CHARACTERS) for one in marks]
    return _list(f"{incident.id} is {word}, says {escaped(who, 80)}. Its series", lines)


def _regrouped(words: Sequence[str], services: WebServices, who: str) -> dict[str, Any]:
    """Merge or split as somebody typed it, or say what was wrong with that."""
    act = _merged if words[0].lower() == "merge" else _parted
    try:
        return act(words[1:], services, who or "somebody on Slack")
    except InputError as error:
        return _said(escaped(f"Nothing was done: {error}.", 700))


def _merged(words: Sequence[str], services: WebServices, who: str) -> dict[str, Any]:
    names = list(takewhile(_ID.fullmatch, (word.upper().rstrip(",") for word in words)))
    why = " ".join(words[len(names) :])[:_LINE_CHARACTERS]
    if services.merge is None:
        return _said("Nothing can be merged here: use `aiops incident merge`.")
    if len(names) < 2 or not why:
        return _said("Say which and why, as in `/incident merge INC-1001 INC-1002 one database`.")
    kept, gone = services.merge(names, by=who, why=why, place=_PLACE)
    if not gone:
        return _said(f"Nothing to do: they are {kept.id} already.")
    return _list(f"{', '.join(gone)} merged into", [_incident_line(kept, services)])


def _parted(words: Sequence[str], services: WebServices, who: str) -> dict[str, Any]:
    if services.split is None:
        return _said("Nothing can be split here: use `aiops incident split`.")
    if len(words) < 3:
        return _said("Say what leaves and why, as in `/incident split INC-1001 search by chance`.")
    leaving = [name for name in words[1].split(",") if name]
    why = " ".join(words[2:])[:_LINE_CHARACTERS]
    both = services.split(words[0].upper(), leaving, by=who, why=why, place=_PLACE)
    return _list("Split into", [_incident_line(one, services) for one in both])


def _until(mark: Mark) -> str:
    return f" until {mark.until:%d %b %Y}" if mark.until else ""


def _open_incidents(title: str, services: WebServices) -> dict[str, Any]:
    found = [one for one in services.incidents.recent(_RECENT) if is_open(one)]
    return _list(title, [_incident_line(one, services) for one in found])


def _incident_line(incident: Incident, services: WebServices) -> str:
    words = headline(incident, 180)
    if not services.base_url:
        return escaped(words, _LINE_CHARACTERS)
    return link(incident_url(services.base_url, incident), words)


def _list(title: str, lines: Sequence[str]) -> dict[str, Any]:
    shown: list[str] = []
    for line in lines[:_SHOWN]:
        if sum(map(len, shown)) + len(line) > _LIST_CHARACTERS:
            break  # a line that is cut might end in half a link
        shown.append(f"• {line}")
    if len(lines) > len(shown):
        shown.append(f"… and {len(lines) - len(shown)} more")
    return _said("\n".join([f"{title}:", *(shown or ["none"])]))


def _said(text: str, blocks: list[Block] | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"response_type": "ephemeral", "text": text}
    return content | {"blocks": blocks if blocks is not None else [section(text[:2900])]}
