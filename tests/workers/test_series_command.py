"""`aiops series`: how every series is judged."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from tests.builders import minute
from tests.workers.installation import Installation
from tests.workers.tables import SERIES, source
from workers import cli


@pytest.fixture
def shop(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    parts.fed["shop"] = source()
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    parts.hand.at = minute(0) + timedelta(seconds=2)
    parts.poll.run("shop")
    monkeypatch.setattr("workers.commands.series._parts", lambda _config: parts)
    return parts


def said(*words: str) -> str:
    done = CliRunner().invoke(cli.app, ["series", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_series_is_young_before_its_first_fit_and_after_hours_of_it(shop: Installation) -> None:
    line = "every 60 s; gauge; a share, 0 to 1; young: expects what the last hour was; UTC\n"
    assert said("checkout:error_ratio").endswith(line)
    shop.fit.run("shop.prod.0")
    assert said("checkout:error_ratio").endswith(line)


def test_machines_read_an_object_a_line(shop: Installation) -> None:
    read = [json.loads(line) for line in said("--json").splitlines()]
    assert [one["series"] for one in read] == sorted(one.key.fingerprint for one in SERIES)
    assert {(one["season"], one["standing"], one["step_seconds"]) for one in read} == {
        ("young", "young", 60)
    }


@pytest.mark.usefixtures("shop")
def test_a_pattern_that_matches_nothing_is_told() -> None:
    done = CliRunner().invoke(cli.app, ["series", "nobody:*"])
    assert done.exit_code == 1
    assert "no series matches 'nobody:*'" in done.output
