import json

from typer.testing import CliRunner

from workers.cli import app


def bench(*words: str) -> str:
    done = CliRunner().invoke(app, ["bench", "incidents", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_kind_is_played_through_the_pipeline_and_judged() -> None:
    result = json.loads(bench("--seed", "1", "--kind", "culprit_change", "--json"))

    (case,) = result["cases"]
    assert (case["kind"], case["faults"], case["problems"]) == ("culprit_change", 1, 1)
    assert result["overall"] == result["kinds"]["culprit_change"]
    assert result["overall"]["culprit_change_top1"] == 1.0


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["bench", "incidents", "--kind", "storm"])

    assert done.exit_code == 2
    assert "two_deploys" in done.output
