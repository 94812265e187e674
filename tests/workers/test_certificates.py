"""The web server speaks TLS itself where it is told to, and our own pulse trusts just it."""

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from aiops.domain.errors import AdapterError, ConfigurationError
from aiops.settings import Settings, WebSettings, load
from tests.e2e.stack import eventually
from workers.certificates import only, require_certificate
from workers.databases import migrate_all
from workers.heartbeat import send_pulse
from workers.wiring import Parts

SERVED = """\
web: {{port: {port}, certificate: aiops.crt, key: aiops.key}}
heartbeat: {{url_env: AIOPS_HEARTBEAT_URL}}
"""


def write_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate of a name no browser would take, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aiops.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2001, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2001, 1, 1, tzinfo=UTC) + timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Settings]:
    """The web server of an installation with a certificate; its settings."""
    write_pair(tmp_path, "aiops")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "aiops.yaml"
    config.write_text(SERVED.format(port=port))
    environ = {"AIOPS_DATA_DIR": str(tmp_path / "state"), "AIOPS_CONFIG": str(config)}
    settings = load(config, environ)
    (tmp_path / "state").mkdir()
    migrate_all(settings)
    assert settings.heartbeat.via == settings.web.base_url == f"https://127.0.0.1:{port}"
    assert settings.heartbeat.certificate == tmp_path / "aiops.crt"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "workers", "web"],
        env={"PATH": os.environ["PATH"], **environ},
        stderr=subprocess.DEVNULL,
    )
    yield settings
    process.terminate()
    process.wait(20)


def answers(url: str, context: ssl.SSLContext) -> bool:
    try:
        return httpx.get(f"{url}/healthz", verify=context, trust_env=False).is_success
    except httpx.ConnectError:
        return False


def test_it_is_served_to_whoever_trusts_its_certificate_and_to_nobody_in_the_clear(
    served: Settings, tmp_path: Path
) -> None:
    url, mine = served.web.base_url, only(tmp_path / "aiops.crt")
    eventually(lambda: answers(url, mine), 60, "it answers over TLS")
    assert not answers(url, only(write_pair(tmp_path, "other")[0]))
    assert not answers(url, ssl.create_default_context())
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{url.replace('https', 'http')}/healthz", trust_env=False)
    parts = Parts(served, "client")
    send_pulse(parts)
    assert len(parts.alerts.waiting(10)) == 1


def test_a_certificate_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path, "aiops")
    assert "TLS with" in require_certificate(WebSettings(certificate=certificate, key=key))
    assert require_certificate(WebSettings()) == "no TLS of our own"
    _, other = write_pair(tmp_path, "other")
    for wrong in (
        WebSettings(certificate=certificate, key=other),
        WebSettings(certificate=tmp_path / "none.crt", key=key),
    ):
        with pytest.raises(AdapterError, match=r"cannot be used .*expected a certificate"):
            require_certificate(wrong)
    with pytest.raises(AdapterError, match="cannot be read"):
        only(key)


def test_a_certificate_without_its_key_is_no_setting(tmp_path: Path) -> None:
    config = tmp_path / "aiops.yaml"
    config.write_text("web: {certificate: a.crt}\n")
    with pytest.raises(ConfigurationError, match=r"web\.key"):
        load(config, {})
