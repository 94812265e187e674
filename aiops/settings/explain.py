"""What the schema refused, in words of the file: place, path, found, expected, what to do."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aiops.settings.document import Document, Loc, path_of
from aiops.settings.problems import Problem, did_you_mean, shown
from aiops.settings.schema import SettingsFile

_SECRET_NAME = re.compile(
    r"(token|secret|password|passwd|credential|api_?key|access_?key|private_?key|routing_?key|"
    r"integration_?key|auth(orization)?|dsn|webhook_url)$",
    re.IGNORECASE,
)

_EXPECTED: Mapping[str, str] = MappingProxyType(
    {
        "int_parsing": "a whole number",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_parsing": "a number",
        "float_type": "a number",
        "finite_number": "a finite number",
        "bool_parsing": "true or false",
        "bool_type": "true or false",
        "string_type": "one text",
        "string_too_short": "a text that is not empty",
        "list_type": "a list",
        "too_short": "at least one value",
        "dict_type": "a mapping (`name: value` lines)",
        "model_type": "a mapping (`name: value` lines)",
        "model_attributes_type": "a mapping (`name: value` lines)",
        "dataclass_type": "a mapping (`name: value` lines)",
        "date_parsing": "a date, as 2026-12-25",
        "date_type": "a date, as 2026-12-25",
        "date_from_datetime_parsing": "a date, as 2026-12-25",
        "date_from_datetime_inexact": "a date, as 2026-12-25",
        "datetime_parsing": "a time with its zone, as 2026-01-05T09:00:00Z",
        "datetime_from_date_parsing": "a time with its zone, as 2026-01-05T09:00:00Z",
        "datetime_type": "a time with its zone, as 2026-01-05T09:00:00Z",
        "timezone_aware": "a time with its zone, as 2026-01-05T09:00:00Z",
        "trace_url": "an address with {{trace_id}} once after its host, and no other braces",
        "matcher": "a label, an operator (= != =~ !~) and a value, as service=checkout",
        "time_of_day": "a time of day, as 22:00",
        "zone_unknown": "the name of a time zone, as Europe/Berlin",
        "greater_than": "a number greater than {gt}",
        "greater_than_equal": "a number of at least {ge}",
        "less_than": "a number less than {lt}",
        "less_than_equal": "a number of at most {le}",
        "literal_error": "{expected}",
        "enum": "{expected}",
    }
)

_PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "currency": "a currency code of three capitals, as EUR",
        "url": "an address that begins with http:// or https://",
        "pagerduty_schedule": "the id of a schedule, as PI7DH85",
        "write_as": "the e-mail address of a user at PagerDuty",
        "smtp": "a mail server, as smtps://mail.example.com",
        "sender": "an e-mail address",
        "project": "the key of a project, as OPS",
        "[key]": "a name of letters, digits, `-`, `_` and `.`",
        "_env": "the name of an environment variable, as AIOPS_PROMETHEUS_TOKEN",
    }
)


def explain(error: ValidationError, document: Document) -> Iterator[Problem]:
    """Yield one problem per value the schema refused, in the order of the schema."""
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        message, hint = _sentence(detail)
        yield Problem(place=document.place(loc), path=path_of(loc), message=message, hint=hint)


def find_credentials(document: Document) -> Iterator[Problem]:
    """Yield one problem per address in the file that carries a user or a password."""
    for loc, text in _texts(document.values, ()):
        if "://" in text and _has_credentials(text):
            yield Problem(
                place=document.place(loc),
                path=path_of(loc),
                message="found an address with credentials in it; expected one without",
                hint="secrets come from the environment (`bearer_token_env` names a variable)",
            )


def _sentence(detail: ErrorDetails) -> tuple[str, str]:
    kind, loc = detail["type"], detail["loc"]
    name = str(loc[-1]) if loc else ""
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return _unknown(name, loc)
    if kind == "missing":
        return f"found nothing, expected {_description(loc)}", "add it"
    if kind == "string_pattern_mismatch":
        expected = next(
            (text for end, text in _PATTERNS.items() if name.endswith(end)), detail["msg"]
        )
    else:
        context = detail.get("ctx") or {}
        expected = _EXPECTED.get(kind, detail["msg"]).format(**context)
    # A value beside `…_env` is likely the secret itself, pasted where its name belongs.
    found = "another text" if name.endswith("_env") else shown(detail["input"])
    return f"found {found}, expected {expected}", ""


def _unknown(name: str, loc: Loc) -> tuple[str, str]:
    known = _known_names(loc[:-1])
    if _SECRET_NAME.search(name):
        return (
            "found a secret, expected none in this file",
            "take it out, revoke it if the file was shared, and give it by the environment "
            "(AIOPS_PAGERDUTY_ROUTING_KEY, AIOPS_SLACK_BOT_TOKEN, AIOPS_SLACK_SIGNING_SECRET, "
            "AIOPS_WEB_TOKEN, one that `bearer_token_env` names) or a file that <NAME>_FILE names",
        )
    return "found a name nobody knows here", did_you_mean(name, known)


def _known_names(loc: Loc) -> list[str]:
    kind = _kind_at(loc)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return list(kind.model_fields)
    if isinstance(kind, type) and is_dataclass(kind):
        return [field.name for field in fields(kind)]
    return []


def _description(loc: Loc) -> str:
    kind = _kind_at(loc[:-1])
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_fields[str(loc[-1])].description or "a value"
    return "a value"


def _kind_at(loc: Loc) -> Any:
    """Return the class that stands at a place of the schema."""
    kind: Any = SettingsFile
    for part in loc:
        hints = get_type_hints(kind) if isinstance(kind, type) else {}
        kind = hints[part] if part in hints else get_args(kind)[-1]
        while get_origin(kind) in (Annotated, Union, UnionType):
            kind = next(one for one in get_args(kind) if one is not type(None))
    return kind


def _texts(value: object, loc: tuple[str | int, ...]) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*loc, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*loc, index))


def _has_credentials(address: str) -> bool:
    try:
        return "@" in urlsplit(address).netloc
    except ValueError:
        return False
