from pathlib import Path

import pytest

from aiops import settings as configuration
from aiops.domain.errors import InputError
from aiops.domain.policies import Mode
from workers import knowledge
from workers.doctor import examine
from workers.starter import write_starter


def test_it_writes_settings_that_page_nobody_a_topology_and_a_runbook(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "shop", overwrite=False)
    assert [str(path.relative_to(tmp_path / "shop")) for path in written] == [
        "aiops.yaml",
        "topology.yaml",
        "runbooks/RB-01-fails-after-a-deploy.md",
    ]
    settings = configuration.load(written[0], {})
    assert settings.policies.paging.mode is Mode.OBSERVE
    known = knowledge.standing(settings)
    assert [runbook.id for runbook in known.runbooks] == ["RB-01"]


def test_only_the_missing_server_is_a_fault_for_the_doctor(tmp_path: Path) -> None:
    config = write_starter(tmp_path, overwrite=False)[0]
    config.write_text(
        config.read_text(encoding="utf-8").replace("127.0.0.1:9090", "127.0.0.1:1"),
        encoding="utf-8",
    )
    findings = examine(config, {"AIOPS_DATA_DIR": str(tmp_path / "data")})
    assert [one.what for one in findings if one.is_fault] == ["source prometheus"]


def test_what_somebody_wrote_stays_and_nothing_else_is_written(tmp_path: Path) -> None:
    (tmp_path / "topology.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"topology\.yaml is there already.*--force"):
        write_starter(tmp_path, overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["topology.yaml"]


def test_force_replaces_it(tmp_path: Path) -> None:
    write_starter(tmp_path, overwrite=False)
    (tmp_path / "topology.yaml").write_text("mine")
    write_starter(tmp_path, overwrite=True)
    assert (tmp_path / "topology.yaml").read_text() != "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/aiops\.yaml cannot be written"):
        write_starter(tmp_path / "file", overwrite=False)
