"""The door of planned work: who may announce, and what they are answered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aiops.domain.errors import InputError, StoreError
from aiops.settings import MaintenanceSourceSettings
from tests.web.test_alerts import Browser, Site

JSON = {"content-type": "application/json"}


class Taker:
    """Takes bodies as the workers do, into a list."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.refused: list[tuple[str, str]] = []
        self.fault: Exception | None = None

    def __call__(self, source: MaintenanceSourceSettings, body: bytes) -> Mapping[str, object]:
        if self.fault:
            raise self.fault
        self.taken.append((source.name, body))
        return {"accepted": 1}

    def open(self, site: Site, *sources: MaintenanceSourceSettings, **more: Any) -> Browser:
        return site.open(
            "http://127.0.0.1:8080",
            maintenance_sources=sources,
            take_maintenance=self,
            note_refusal=lambda where, why: self.refused.append((where, why)),
            **more,
        )


def source(name: str, *tokens: str, path: Path | None = None) -> MaintenanceSourceSettings:
    return MaintenanceSourceSettings(
        name=name,
        tokens=tuple(SecretStr(one) for one in tokens),
        token_env="AIOPS_T" if tokens else None,
        path=path,
    )


def test_a_token_fits_its_own_source_only(site: Site) -> None:
    taker = Taker()
    browser = taker.open(site, source("a", "one"), source("b", "two"))

    def send(path: str, token: str) -> int:
        headers = {**JSON, "authorization": f"Bearer {token}"}
        answer = browser.post(f"/ingest/maintenance{path}", content=b"{}", headers=headers)
        return answer.status_code

    assert [send("", "two"), send("/a", "one")] == [202, 202]
    assert [send("/a", "two"), send("", "three"), send("/c", "one")] == [401, 401, 404]
    assert [name for name, _ in taker.taken] == ["b", "a"]
    assert taker.refused == [("maintenance", "the token is wrong or missing")] * 2


def test_a_source_with_a_file_is_nobody_who_sends(site: Site) -> None:
    browser = Taker().open(site, source("planned", path=Path("planned.yaml")))
    assert browser.post("/ingest/maintenance", content=b"{}", headers=JSON).status_code == 404


@pytest.mark.parametrize(
    ("fault", "status"), [(InputError("no id"), 400), (StoreError("disk full"), 503)]
)
def test_what_cannot_be_read_is_400_and_what_cannot_be_stored_503(
    site: Site, fault: Exception, status: int
) -> None:
    taker = Taker()
    taker.fault = fault
    browser = taker.open(site, source("a"))
    answer = browser.post("/ingest/maintenance", content=b"{}", headers=JSON)
    assert (answer.status_code, str(fault) in answer.text) == (status, True)


def test_a_form_and_a_body_that_is_too_long_are_refused(site: Site) -> None:
    browser = Taker().open(site, source("a"))
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/ingest/maintenance", content=b"a=b", headers=form).status_code == 415
    body = b" " * (1024 * 1024 + 1)
    assert browser.post("/ingest/maintenance", content=body, headers=JSON).status_code == 413
