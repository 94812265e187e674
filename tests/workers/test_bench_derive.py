import json

from typer.testing import CliRunner

from workers.cli import app


def test_the_cost_of_derived_series_is_told_for_each_kind() -> None:
    done = CliRunner().invoke(
        app, ["bench", "derive", "--series", "50", "--ticks", "3", "--json"], catch_exceptions=False
    )
    figures = json.loads(done.output)
    assert (figures["series"], figures["ticks"]) == (50, 3)
    for kind, buckets in (("rate", 1), ("ratio", 2), ("p95", 12)):
        assert 0 < figures[kind]["derive_seconds"] < 5
        assert figures[kind]["derive_cpu_seconds"] > 0
        assert figures[kind]["observe_seconds"] > 0
        assert figures[kind]["state_bytes_per_series"] > 8 * 8 * buckets


def test_for_people_it_is_a_line_per_figure() -> None:
    done = CliRunner().invoke(
        app, ["bench", "derive", "--series", "50", "--ticks", "1"], catch_exceptions=False
    )
    assert "p95: 50 series from 600 counters" in done.output
    assert "rate   derive_seconds" in done.output
