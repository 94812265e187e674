"""The door of JSON logs: who may send, what they are answered."""

import gzip
from collections.abc import Mapping
from concurrent.futures import TimeoutError as CommitTimeoutError

import pytest
from pydantic import SecretStr

from aiops.domain.errors import InputError, StoreError
from aiops.settings import LogSourceSettings
from tests.web.test_alerts import Browser, Site

LINES = {"content-type": "application/x-ndjson"}


class Taker:
    """Takes bodies as the workers do, into a list."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.fault = fault

    def __call__(self, source: LogSourceSettings, body: bytes) -> Mapping[str, object]:
        if self.fault:
            raise self.fault
        self.taken.append((source.name, body))
        return {"accepted": 1}

    def open(self, site: Site, *sources: LogSourceSettings) -> Browser:
        return site.open("http://127.0.0.1:8080", log_sources=sources, take_logs=self)


def source(name: str, *tokens: str) -> LogSourceSettings:
    return LogSourceSettings(
        name=name,
        tokens=tuple(SecretStr(one) for one in tokens),
        token_env="AIOPS_T" if tokens else None,
    )


def test_a_token_fits_its_own_source_only(site: Site) -> None:
    taker = Taker()
    browser = taker.open(site, source("a", "one"), source("b", "two"))

    def send(path: str, token: str) -> int:
        headers = {**LINES, "authorization": f"Bearer {token}"}
        return browser.post(path, content=b"{}", headers=headers).status_code

    assert [send("/ingest/json-logs", "two"), send("/ingest/json_logs/a", "one")] == [202, 202]
    assert [send("/ingest/json-logs/a", "two"), send("/ingest/json-logs/c", "one")] == [401, 404]
    assert taker.taken == [("b", b"{}"), ("a", b"{}")]


def test_a_body_may_be_packed_and_not_too_long(site: Site) -> None:
    taker = Taker()
    browser = taker.open(site, source("a"))
    packed = {**LINES, "content-encoding": "gzip"}

    def send(content: bytes, headers: Mapping[str, str]) -> int:
        return browser.post("/ingest/json-logs", content=content, headers=headers).status_code

    assert send(gzip.compress(b"{}"), packed) == 202
    assert send(gzip.compress(b"{}")[:-3], packed) == 400
    assert send(gzip.compress(b"\0" * (33 * 1024 * 1024)), packed) == 413
    assert send(b"\0" * (9 * 1024 * 1024), LINES) == 413
    assert send(b"{}", {"content-type": "text/plain"}) == 415
    assert taker.taken == [("a", b"{}")]


@pytest.mark.parametrize(
    ("fault", "code"),
    [(InputError("line 1: no"), 400), (StoreError("locked"), 503), (CommitTimeoutError(), 503)],
)
def test_only_what_can_never_be_read_is_not_sent_again(
    site: Site, fault: Exception, code: int
) -> None:
    browser = Taker(fault).open(site, source("a"))
    answer = browser.post("/ingest/json-logs", content=b"x", headers=LINES)
    assert answer.status_code == code
    assert ("retry-after" in answer.headers) is (code == 503)
