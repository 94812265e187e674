"""The door of the tools that report changes: tokens, signatures, and what they are answered."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aiops.domain.errors import InputError, StoreError
from aiops.settings import CHANGE_KINDS, SIGNED_KINDS, ChangeSourceSettings
from aiops.web.signatures import SIGNATURES, signature_of
from tests.web.test_alerts import Browser, Site

BODY = b'{"hello": 1}'
JSON = {"content-type": "application/json"}


class Taker:
    """Takes bodies as the workers do, into a list."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.refused: list[tuple[str, str]] = []
        self.fault: Exception | None = None

    def __call__(
        self, source: ChangeSourceSettings, body: bytes, headers: Mapping[str, str]
    ) -> Mapping[str, object]:
        if self.fault:
            raise self.fault
        self.taken.append((source.name, body, headers))
        return {"accepted": 1}

    def open(self, site: Site, *sources: ChangeSourceSettings, **more: Any) -> Browser:
        return site.open(
            "http://127.0.0.1:8080",
            change_sources=sources,
            take_report=self,
            note_refusal=lambda where, why: self.refused.append((where, why)),
            **more,
        )


def source(kind: str, *tokens: str, name: str = "") -> ChangeSourceSettings:
    return ChangeSourceSettings(
        name=name or kind,
        kind=kind,
        tokens=tuple(SecretStr(one) for one in tokens),
        token_env="AIOPS_T" if tokens else None,
    )


def signed(kind: str, body: bytes, secret: str) -> dict[str, str]:
    how = SIGNATURES[kind]
    return {**JSON, how.header: how.begin + signature_of(secret, body)}


def test_every_kind_that_signs_has_its_signature() -> None:
    assert set(SIGNED_KINDS) <= set(SIGNATURES)


@pytest.mark.parametrize("kind", SIGNED_KINDS)
def test_a_signed_body_is_taken_by_either_secret_while_one_is_changed(
    site: Site, kind: str
) -> None:
    taker = Taker()
    browser = taker.open(site, source(kind, "old", "new"))
    for secret in ("old", "new"):
        answer = browser.post(f"/ingest/{kind}", content=BODY, headers=signed(kind, BODY, secret))
        taken = 200 if kind == "flagsmith" else 202  # anything else and it writes e-mails
        assert (answer.status_code, answer.json()) == (taken, {"accepted": 1})
    assert [body for _, body, _ in taker.taken] == [BODY, BODY]


@pytest.mark.parametrize("kind", SIGNED_KINDS)
@pytest.mark.parametrize("given", ["", "sha256=", "sha256=00", "é", "other"])
def test_a_wrong_or_missing_signature_is_refused_and_counted(
    site: Site, kind: str, given: str
) -> None:
    taker = Taker()
    browser = taker.open(site, source(kind, "secret"))
    header = SIGNATURES[kind].header
    wrong = signed(kind, b"{}", "secret")[header] if given == "other" else given
    headers = {**JSON, header: wrong.encode("latin-1")} if wrong else JSON
    answer = browser.post(f"/ingest/{kind}", content=BODY, headers=headers)
    assert answer.status_code == 401
    assert header in answer.text
    assert taker.taken == []
    assert taker.refused == [(kind, "the signature is wrong or missing")]


@pytest.mark.parametrize("kind", sorted(set(CHANGE_KINDS) - set(SIGNED_KINDS)))
def test_a_token_fits_its_own_source_only(site: Site, kind: str) -> None:
    taker = Taker()
    sources = (source(kind, "one", name="a"), source(kind, "two", name="b"))
    browser = taker.open(site, *sources)

    def send(path: str, token: str) -> httpx.Response:
        headers = {**JSON, "authorization": f"Bearer {token}"}
        return browser.post(f"/ingest/{kind}{path}", content=BODY, headers=headers)

    assert send("", "two").status_code == 202
    assert send("/a", "one").status_code == 202
    assert send("/a", "two").status_code == 401
    assert send("", "three").status_code == 401
    assert [name for name, _, _ in taker.taken] == ["b", "a"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-gitlab-token": "two"}, 202),
        ({"authorization": "Bearer two"}, 202),
        ({"x-gitlab-token": "three"}, 401),
        ({"x-gitlab-token": "three", "authorization": "Bearer two"}, 401),
        ({"x-gitlab-token": "é".encode()}, 401),
        ({"x-gitlab-token": ""}, 401),
        ({}, 401),
    ],
)
def test_gitlab_presents_its_token_in_a_header_of_its_own(
    site: Site, headers: dict[str, Any], status: int
) -> None:
    taker = Taker()
    browser = taker.open(site, source("gitlab", "one", name="a"), source("gitlab", "two", name="b"))
    event = {"x-gitlab-event-uuid": "e1"}
    answer = browser.post("/ingest/gitlab", content=BODY, headers={**JSON, **headers, **event})
    assert answer.status_code == status
    assert status == 202 or "send `x-gitlab-token …`" in answer.text
    assert taker.taken == ([("b", BODY, event)] if status == 202 else [])
    refused = [("gitlab", "the token is wrong or missing")]
    assert taker.refused == (refused if status == 401 else [])


def test_the_token_of_one_kind_is_not_looked_for_at_another_s_door(site: Site) -> None:
    browser = Taker().open(site, source("argocd", "t"))
    headers = {**JSON, "x-gitlab-token": "t"}
    assert browser.post("/ingest/argocd", content=BODY, headers=headers).status_code == 401


def test_the_headers_that_say_what_a_body_is_come_with_it_and_no_others(site: Site) -> None:
    taker = Taker()
    browser = taker.open(site, source("github", "s"))
    headers = {**signed("github", BODY, "s"), "x-github-event": "deployment", "cookie": "a=b"}
    browser.post("/ingest/github", content=BODY, headers=headers)
    assert taker.taken[0][2] == {"x-github-event": "deployment"}


@pytest.mark.parametrize(
    ("fault", "status"), [(InputError("no kind"), 400), (StoreError("disk full"), 503)]
)
def test_what_cannot_be_read_is_400_and_what_cannot_be_stored_503(
    site: Site, fault: Exception, status: int
) -> None:
    taker = Taker()
    taker.fault = fault
    browser = taker.open(site, source("argocd", "t"))
    headers = {**JSON, "authorization": "Bearer t"}
    answer = browser.post("/ingest/argocd", content=BODY, headers=headers)
    assert answer.status_code == status
    assert str(fault) in json.dumps(answer.json())


@pytest.mark.parametrize(
    ("path", "type_", "status"),
    [
        ("github", "application/x-www-form-urlencoded", 415),
        ("github", "text/plain", 415),
        ("cdevents", "application/cloudevents+json", 404),
        ("unheard", "application/json", 404),
        ("gitlab", "application/json", 404),
    ],
)
def test_a_kind_nobody_declared_and_a_form_are_refused_in_words(
    site: Site, path: str, type_: str, status: int
) -> None:
    browser = Taker().open(site, source("github", "s"))
    answer = browser.post(f"/ingest/{path}", content=BODY, headers={"content-type": type_})
    assert answer.status_code == status


def test_a_body_that_is_too_long_is_refused(site: Site) -> None:
    browser = Taker().open(site, source("github", "s"))
    body = b" " * (8 * 1024 * 1024 + 1)
    answer = browser.post("/ingest/github", content=body, headers=signed("github", body, "s"))
    assert answer.status_code == 413
