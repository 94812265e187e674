from datetime import date
from pathlib import Path

from aiops.advise.parse import parse_runbook
from aiops.domain.policies import Mode
from aiops.settings import Settings, lint, load
from aiops.settings.template import RUNBOOK_NAME, files
from topology.graph import ServiceGraph
from topology.parse import parse_topology


def write(folder: Path, *, uncommented: bool) -> Settings:
    for name, text in files(date(2026, 4, 18)).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(uncomment(text) if uncommented and name.endswith("yaml") else text)
    return load(folder / "aiops.yaml", {})


def uncomment(text: str) -> str:
    """Take one `#` from lines that have one; a mark in the first column keeps the indentation."""
    lines = [
        line.removeprefix("# ") if line.startswith("# ") else line for line in text.splitlines()
    ]
    return "\n".join(lines)


def graph_of(settings: Settings) -> ServiceGraph:
    parsed = parse_topology(*settings.topology_texts()[0])
    assert [one for one in parsed.problems if "empty" not in one.message] == []
    return settings.with_services(parsed.graph)


def test_what_init_writes_is_loaded_and_pages_nobody(tmp_path: Path) -> None:
    settings = write(tmp_path, uncommented=False)
    assert settings.policies.paging.mode is Mode.OBSERVE
    assert settings.policies.paging.page_sinks == ()
    assert [source.name for source in settings.sources] == ["prometheus"]
    assert lint(settings, graph_of(settings)) == (
        "no journey is declared, so nothing is known to hurt users; declare `journeys:`",
    )


def test_what_it_comments_out_is_right_too(tmp_path: Path) -> None:
    settings = write(tmp_path, uncommented=True)
    graph = graph_of(settings)
    assert graph.callees("checkout") == ("orders-db", "payment-service")
    assert settings.journeys[0].services == ("gateway", "checkout", "payment-service")
    assert settings.policies.paging.page_sinks == ("pagerduty", "slack")
    assert len(settings.sources[0].signals) == 5
    assert [slo.objective for slo in settings.journeys[0].slos] == [0.995, 0.999, 0.99]
    unset = [sentence for sentence in lint(settings, graph) if "AIOPS_" not in sentence]
    assert unset == []


def test_the_first_runbook_can_be_read(tmp_path: Path) -> None:
    runbook = parse_runbook(files(date(2026, 4, 18))[RUNBOOK_NAME], RUNBOOK_NAME)
    assert (runbook.id, len(runbook.steps)) == ("RB-01", 3)
    assert runbook.reviewed_at is not None
    assert runbook.reviewed_at.date() == date(2026, 4, 18)
    assert write(tmp_path, uncommented=False).runbooks_dir == tmp_path / "runbooks"
