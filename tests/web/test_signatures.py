"""The door of Grafana: a token or a signature, and never less than what is there."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest

from aiops.web.signatures import SIGNATURES, signature_of
from tests.web.test_alerts import GROUP, Site, Taker, bearer, source

PATH = "/ingest/grafana"
BODY = b'{"version":"1","alerts":[]}'
JSON = {"content-type": "application/json"}
HEADER, TIME = SIGNATURES["grafana"].header, SIGNATURES["grafana"].time_header


def at(site: Site) -> datetime:
    now: datetime = site.real_clock.now()
    return now


def signed(secret: str, body: bytes = BODY, stamp: str = "") -> dict[str, str]:
    whole = f"{stamp}:".encode() + body if stamp else body
    headers = {**JSON, HEADER: signature_of(secret, whole)}
    return {**headers, TIME: stamp} if stamp else headers


def send(site: Site, taker: Taker, headers: Any, path: str = PATH) -> int:
    return taker.open(site).post(path, content=BODY, headers=headers).status_code


def test_a_token_opens_it(site: Site) -> None:
    taker = Taker(source("g", "grafana", "t-g"), source("a", "alertmanager", "t-a"))
    browser = taker.open(site)
    assert browser.post(PATH, json=GROUP, headers=bearer("t-g")).status_code == 202
    assert browser.post(PATH, json=GROUP, headers=bearer("t-a")).status_code == 401
    assert [name for name, _ in taker.taken] == ["g"]


@pytest.mark.parametrize("offset", [None, -299, 0, 299])
def test_a_signature_opens_it_with_and_without_its_moment(site: Site, offset: int | None) -> None:
    taker = Taker(source("a", "grafana", "one"), source("b", "grafana", "old", "new"))
    stamp = "" if offset is None else str(int(at(site).timestamp()) + offset)
    for secret in ("old", "new"):
        assert send(site, taker, signed(secret, stamp=stamp)) == 202
    assert taker.taken == [("b", BODY)] * 2


@pytest.mark.parametrize("stamp", ["-301", "+301", "soon", "1e9", "٣٣", "-5", "9" * 400])
def test_what_was_signed_long_ago_or_at_no_time_is_refused(site: Site, stamp: str) -> None:
    taker = Taker(source("g", "grafana", "s"))
    if stamp[0] in "+-" and len(stamp) == 4:
        stamp = str(int(at(site).timestamp()) + int(stamp))
    headers: dict[str, Any] = signed("s", stamp=stamp)
    headers[TIME] = stamp.encode()
    assert send(site, taker, headers) == 401
    assert taker.taken == []


def test_the_moment_cannot_be_changed_or_taken_away(site: Site) -> None:
    taker = Taker(source("g", "grafana", "s"))
    now = int(at(site).timestamp())
    headers = signed("s", stamp=str(now))
    assert send(site, taker, {**headers, TIME: str(now + 1)}) == 401
    del headers[TIME]
    assert send(site, taker, headers) == 401
    assert taker.taken == []


@pytest.mark.parametrize("given", ["", "00", "sha256=00", "é", "other"])
def test_a_wrong_signature_is_refused_and_counted_whatever_else_is_presented(
    site: Site, given: str
) -> None:
    taker = Taker(source("g", "grafana", "s"))
    value = signature_of("s", b"{}") if given == "other" else given
    headers = {**JSON, **bearer("s"), HEADER: value.encode("latin-1")}
    assert send(site, taker, headers) == 401
    assert taker.taken == []
    assert taker.refused == [("grafana", "the signature is wrong or missing")]


def test_nothing_at_all_is_refused_and_counted(site: Site) -> None:
    taker = Taker(source("g", "grafana", "s"))
    assert send(site, taker, JSON) == 401
    assert taker.refused == [("grafana", "the token is wrong or missing")]


def test_a_token_kept_as_its_digest_cannot_have_signed(site: Site) -> None:
    digest = f"sha256:{sha256(b's').hexdigest()}"
    taker = Taker(source("g", "grafana", digest))
    assert send(site, taker, signed(digest)) == 401
    assert send(site, taker, signed("s")) == 401
    assert send(site, taker, {**JSON, **bearer("s")}) == 202


def test_the_name_in_the_path_does_not_replace_the_secret(site: Site) -> None:
    taker = Taker(source("a", "grafana", "one"), source("b", "grafana", "two"))
    assert send(site, taker, signed("two"), f"{PATH}/a") == 401
    assert send(site, taker, signed("two"), f"{PATH}/b") == 202
    assert send(site, taker, signed("two"), f"{PATH}/c") == 404


def test_on_loopback_without_a_secret_a_signature_is_not_looked_at(site: Site) -> None:
    taker = Taker(source("g", "grafana"))
    assert send(site, taker, signed("anything")) == 202


def test_a_form_and_a_body_that_is_too_long_are_refused(site: Site) -> None:
    taker = Taker(source("g", "grafana", "s"))
    assert send(site, taker, {**signed("s"), "content-type": "text/plain"}) == 415
    assert send(site, taker, {**signed("s"), "content-length": str(9 * 1024 * 1024)}) == 413
