"""What Jira Cloud refuses in an issue or a comment. Pure.

References:
    developer.atlassian.com, "The Jira Cloud platform REST API" and "Atlassian Document Format".
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

MAX_SUMMARY_CHARACTERS = 255
MAX_TEXT_CHARACTERS = 32_767

_EDITED = frozenset({"summary", "description", "labels"})
_CREATED = _EDITED | {"project", "issuetype"}
_NO_ENTRY = "data was not an array"
_CHILDREN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "doc": frozenset({"paragraph", "bulletList"}),
        "paragraph": frozenset({"text"}),
        "bulletList": frozenset({"listItem"}),
        "listItem": frozenset({"paragraph", "bulletList"}),
    }
)


class RefusedError(Exception):
    """Jira says no.

    Args:
        general: what is wrong with the request.
        fields: what is wrong, by field.
    """

    def __init__(self, general: str = "", fields: Mapping[str, str] | None = None) -> None:
        super().__init__(general)
        self.general = [general] if general else []
        self.fields = dict(fields or {})


@dataclass(slots=True, kw_only=True)
class Issue:
    """An issue as Jira keeps it."""

    id: str
    key: str
    status: str = "To Do"
    fields: dict[str, Any] = field(default_factory=lambda: {"labels": []})
    comments: list[Mapping[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return the issue as JSON values, its texts as people read them."""
        return {
            "summary": self.fields["summary"],
            "description": "\n".join(texts(self.fields["description"])),
            "labels": self.fields["labels"],
            "status": self.status,
            "comments": ["\n".join(texts(one["body"])) for one in self.comments],
        }


def checked_body(content: Any) -> Mapping[str, Any]:
    """Return a request's body if it is an object."""
    if not isinstance(content, Mapping):
        raise RefusedError("Invalid request payload. Refer to the REST API documentation.")
    return content


def checked_fields(
    content: Mapping[str, Any],
    projects: Collection[str],
    types: Collection[str],
    issue: Issue | None = None,
) -> Mapping[str, Any]:
    """Return the fields of a new issue, or those to be set in `issue`."""
    fields = checked_body(content.get("fields"))
    wrong = {
        name: f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        for name in set(fields) - (_CREATED if issue is None else _EDITED)
    }
    if issue is None:
        wrong |= _misplaced(fields, projects, types)
    if issue is None or "summary" in fields:
        wrong |= _wrong_summary(fields.get("summary"))
    if "description" in fields and (why := document_fault(fields["description"])):
        wrong["description"] = why
    labels = fields.get("labels", [])
    if not isinstance(labels, list):
        wrong["labels"] = _NO_ENTRY
    elif any(not isinstance(one, str) or not 0 < len(one) <= 255 for one in labels):
        wrong["labels"] = "The label is empty or too long."
    elif any(re.search(r"\s", one) for one in labels):
        wrong["labels"] = "The label can't contain spaces."
    if wrong:
        raise RefusedError(fields=wrong)
    return fields


def checked_comment(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a comment and its properties."""
    if why := document_fault(content.get("body")):
        raise RefusedError(fields={"comment": why})
    if set(content) - {"body", "properties", "visibility"}:
        raise RefusedError("Invalid request payload. Refer to the REST API documentation.")
    return content


def document_fault(node: Any) -> str:
    """Return what is wrong with a document, empty where nothing is."""
    if not isinstance(node, Mapping) or node.get("version") != 1 or node.get("type") != "doc":
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    if sum(map(len, texts(node))) > MAX_TEXT_CHARACTERS:
        return f"The entered text is too long. It exceeds the limit of {MAX_TEXT_CHARACTERS}."
    return "" if _is_sound(node) else "INVALID_INPUT"


def texts(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the text of each paragraph below a node."""
    if node.get("type") == "paragraph":
        yield "".join(str(one.get("text", "")) for one in node.get("content", ()))
        return
    for child in node.get("content", ()):
        if isinstance(child, Mapping):
            yield from texts(child)


def _is_sound(node: Any) -> bool:
    if not isinstance(node, Mapping):
        return False
    kind = str(node.get("type"))
    if kind == "text":
        text, marks = node.get("text"), node.get("marks", [])
        return isinstance(text, str) and text != "" and all(map(_is_mark, marks))
    content = node.get("content", [])
    if kind not in _CHILDREN or not isinstance(content, list):
        return False
    if kind in ("bulletList", "listItem") and not content:
        return False
    return all(
        isinstance(one, Mapping) and one.get("type") in _CHILDREN[kind] and _is_sound(one)
        for one in content
    )


def _is_mark(mark: Any) -> bool:
    if not isinstance(mark, Mapping):
        return False
    attributes = mark.get("attrs")
    is_link = (
        mark.get("type") == "link"
        and isinstance(attributes, Mapping)
        and re.match(r"https?://", str(attributes.get("href", ""))) is not None
    )
    return is_link or mark.get("type") in ("strong", "em", "code")


def _misplaced(
    fields: Mapping[str, Any], projects: Collection[str], types: Collection[str]
) -> dict[str, str]:
    wrong = {}
    project, kind = fields.get("project"), fields.get("issuetype")
    if not isinstance(project, Mapping) or project.get("key") not in projects:
        wrong["project"] = "valid project is required"
    if not isinstance(kind, Mapping) or kind.get("name") not in types:
        wrong["issuetype"] = "Specify a valid issue type"
    return wrong


def _wrong_summary(summary: Any) -> dict[str, str]:
    if not isinstance(summary, str) or not summary.strip():
        return {"summary": "You must specify a summary of the issue."}
    if len(summary) > MAX_SUMMARY_CHARACTERS:
        return {"summary": f"Summary must be less than {MAX_SUMMARY_CHARACTERS} characters."}
    if re.search(r"[\r\n]", summary):
        return {"summary": "The summary is invalid because it contains newline characters."}
    return {}
