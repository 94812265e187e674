"""docker-compose.yml: what it names exists, and the services keep their promises."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PRODUCT = {name: one for name, one in SERVICES.items() if str(one["image"]).startswith("aiops")}
DISTRIBUTED = {name: one for name, one in PRODUCT.items() if "profiles" not in one}


def names(entry: Mapping[str, object] | list[object] | None) -> set[str]:
    """The names in one of compose's two forms, short list or mapping."""
    if entry is None:
        return set()
    found = set()
    for one in entry:
        found.add(str(one["source"]) if isinstance(one, dict) else str(one).split(":", 1)[0])
    return found


@pytest.mark.parametrize("kind", ["volumes", "networks", "secrets", "configs"])
def test_whatever_a_service_refers_to_is_declared_and_used(kind: str) -> None:
    used = set().union(*(names(service.get(kind)) for service in SERVICES.values()))
    named = {name for name in used if not name.startswith((".", "/"))}
    assert named == set(COMPOSE[kind])


def test_dependencies_exist_and_can_reach_the_state_they_wait_for() -> None:
    for name, service in SERVICES.items():
        for other, wish in service.get("depends_on", {}).items():
            target = SERVICES[other]
            assert "profiles" not in target, f"{name} waits for {other}, which may not run"
            if wish["condition"] == "service_completed_successfully":
                assert target["restart"] == "no"
            else:
                assert wish["condition"] == "service_healthy"
                assert "test" in target["healthcheck"]


def test_services_that_talk_to_each_other_share_a_network() -> None:
    for name, service in DISTRIBUTED.items():
        for other in service["depends_on"]:
            if other != "migrate":
                assert names(service["networks"]) & names(SERVICES[other]["networks"]), name


def test_the_distributed_form_has_every_part() -> None:
    commands = {name: " ".join(one["command"]) for name, one in DISTRIBUTED.items()}
    assert commands == {
        "migrate": "migrate",
        "web": "web",
        "beat": "beat",
        "worker-fast": "worker fast",
        "worker-deliver": "worker deliver --concurrency 4",
        "worker-slow": "worker slow",
    }
    assert {"redis", "postgres"} <= set(SERVICES)


def test_workers_can_be_scaled() -> None:
    for name in ("worker-fast", "worker-deliver", "worker-slow"):
        assert not {"container_name", "ports", "hostname"} & set(SERVICES[name])


def test_the_demo_needs_no_other_service() -> None:
    demo = SERVICES["demo"]
    assert demo["profiles"] == ["demo"]
    assert not {"depends_on", "volumes", "environment", "env_file"} & set(demo)


def test_no_port_is_open_to_other_machines() -> None:
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_secrets_are_named_and_never_written_down() -> None:
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if any(word in key for word in ("PASSWORD", "TOKEN", "SECRET", "KEY")):
                assert value.startswith("${") or key.endswith("_FILE"), key
            assert "@" not in value or ":" not in value.split("://")[1].split("@")[0], key


def test_the_product_runs_without_rights_it_does_not_need() -> None:
    for service in PRODUCT.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert "privileged" not in service
        assert "user" not in service  # the image's own, which is not root


@pytest.mark.parametrize("command", sorted({" ".join(one["command"]) for one in PRODUCT.values()}))
def test_every_command_exists(command: str) -> None:
    shown = subprocess.run(
        [Path(sys.executable).with_name("aiops"), *command.split(), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_every_variable_of_the_product_is_one_that_the_settings_read() -> None:
    settings = (ROOT / "aiops" / "settings").rglob("*.py")
    source = "".join(path.read_text() for path in settings)
    for service in DISTRIBUTED.values():
        for key in service["environment"]:
            assert key == "PGPASSWORD" or f'"{key}"' in source, f"{key} is read by nobody"


def test_docker_itself_accepts_the_file() -> None:
    docker = shutil.which("docker") or "docker"
    try:
        subprocess.run([docker, "compose", "version"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return  # Debian has no such program: the tests above are what holds everywhere
    for profile in ("demo", "*"):
        shown = subprocess.run(
            [docker, "compose", "--profile", profile, "config", "--quiet"],
            cwd=ROOT,
            env={"PATH": str(Path(docker).parent), "POSTGRES_PASSWORD": "made-up"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert shown.returncode == 0, shown.stderr
