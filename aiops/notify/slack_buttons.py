"""What people can press under an incident's message in Slack. Pure.

Their ids are what `aiops.ingest.slack_words` reads again.
"""

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    InteractiveElement,
    Option,
    PlainTextObject,
    StaticSelectElement,
    UserSelectElement,
)

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.words import BUTTON_PREFIX, KEY_SEPARATOR, Verb
from aiops.notify.mrkdwn import Block
from aiops.notify.phrases import clean

_OPTION_CHARACTERS = 75
_VALUE_CHARACTERS = 150
_OPTIONS = 5
_UNNAMED = "the suggested step"


def buttons(incident: Incident) -> list[Block]:
    """Return what can be said of an incident as it stands, in at most two rows.

    The rows carry the dedup key, so a press on the message of an earlier episode is known as such,
    and the revision: Slack wants another block id for each version of a message.
    """
    if incident.state is IncidentState.MERGED:
        return []
    rows = [("life", _life(incident)), ("outcome", _outcome(incident))]
    return [_row(incident, name, elements) for name, elements in rows if elements]


def _life(incident: Incident) -> list[InteractiveElement]:
    elements: list[InteractiveElement] = []
    if incident.state is IncidentState.OPEN:
        elements.append(_button(Verb.ACKNOWLEDGE, "Acknowledge", style="primary"))
    if incident.is_live:
        elements.append(_button(Verb.MITIGATE, "Resolve"))
        elements.append(UserSelectElement(action_id=_id(Verb.ASSIGN), placeholder="Assign …"))
    if not incident.dismissed_by:
        elements.append(_dismissal(incident))
    return elements


def _outcome(incident: Incident) -> list[InteractiveElement]:
    elements: list[InteractiveElement] = []
    options = [
        Option(
            text=PlainTextObject(text=clean(step.text, _OPTION_CHARACTERS) or _UNNAMED),
            value=clean(f"{step.action}{KEY_SEPARATOR}{step.target}", _VALUE_CHARACTERS),
        )
        for step in incident.suggestions[:_OPTIONS]
    ]
    if options:
        elements.append(
            StaticSelectElement(
                action_id=_id(Verb.FIXED), placeholder="This action fixed it …", options=options
            )
        )
    elements.append(_button(Verb.USEFUL, "Useful"))
    elements.append(_button(Verb.NOT_USEFUL, "Not useful"))
    return elements


def _dismissal(incident: Incident) -> ButtonElement:
    sure = ConfirmObject(
        title="Not an incident?",
        text=PlainTextObject(
            text=f"{incident.id} is closed for everybody, and what it began with gets higher bars."
        ),
        confirm="Not an incident",
        deny="Leave it",
    )
    return _button(Verb.DISMISS, "Not an incident", style="danger", confirm=sure)


def _button(
    verb: Verb, text: str, *, style: str | None = None, confirm: ConfirmObject | None = None
) -> ButtonElement:
    return ButtonElement(text=text, action_id=_id(verb), style=style, confirm=confirm)


def _row(incident: Incident, name: str, elements: list[InteractiveElement]) -> Block:
    block_id = f"{incident.dedup_key}{KEY_SEPARATOR}{incident.revision}.{name}"
    return dict(ActionsBlock(elements=elements, block_id=block_id).to_dict())


def _id(verb: Verb) -> str:
    return f"{BUTTON_PREFIX}{verb.value}"
