"""Is what we need there? Each probe says what it found, or raises what is wrong and what to do."""

import fcntl
import shutil
import socket
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from aiops.domain.errors import AdapterError, DeliveryError, StoreError
from aiops.domain.notifications import DeliveryState
from aiops.notify import pagerduty_rest
from aiops.notify.slack_manifest import SCOPES
from aiops.settings import Settings, SinkSettings, WebSettings
from aiops.store.engine import open_engine
from aiops.store.migrate import Database, Standing, check
from aiops.store.outbox import Outbox
from aiops.store.pulses import PulseStore

PROBE_SECONDS = 5.0
LEAST_FREE_BYTES = 512 * 2**20
_PICTURE = "files:write"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def broker(settings: Settings) -> str:
    """Look whether Redis answers.

    Raises:
        AdapterError: it does not.
    """
    if settings.redis_url is None:
        return "embedded: `aiops up` starts it (set REDIS_URL to use your own)"
    client = redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=PROBE_SECONDS,
        socket_connect_timeout=PROBE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client:
            info: Any = client.info("server")
    except (redis.RedisError, OSError) as error:
        raise AdapterError(
            f"Redis does not answer ({error}); start it, or correct REDIS_URL"
        ) from error
    return f"Redis {info['redis_version']} answers"


def database(settings: Settings, url: str, which: Database) -> str:
    """Look whether a database answers, can be written and has this release's tables.

    Raises:
        AiopsError: something is in the way; says what to do.
    """
    if url.startswith("sqlite"):
        path = Path(url.partition("///")[2])
        if not path.exists() and settings.redis_url is None:
            return "not there yet: `aiops up` makes it"
        _require_writable(path)
    standing = check(url, which)
    if standing is not Standing.UP_TO_DATE:
        raise StoreError(f"its tables are {standing.value}")
    return standing.value


def deliveries(settings: Settings) -> tuple[dict[str, int], int]:
    """Return the sinks that take nothing, with how often in a row, and how much was given up.

    Raises:
        StoreError: the database does not answer, or is not there yet.
    """
    engine = open_engine(settings.database_url, durable=True)
    try:
        outbox = Outbox(engine)
        failing = {name: one.failures for name, one in outbox.standings().items() if one.is_failing}
        return failing, outbox.counts()[DeliveryState.DEAD]
    finally:
        engine.dispose()


def heartbeat(settings: Settings) -> str:
    """Return whether somebody elsewhere would notice that nothing works here any more."""
    beat = settings.heartbeat
    if not beat.enabled:
        return (
            "none: nobody elsewhere would notice that all of this is dead; `aiops help heartbeat`"
        )
    engine = open_engine(settings.database_url, durable=True)
    try:
        last = PulseStore(engine).last()
    except StoreError:
        last = None  # said of the database already
    finally:
        engine.dispose()
    whom = "a monitor elsewhere" if beat.url else "/metrics alone"
    if last is None:
        return f"every {beat.every_seconds} s to {whom}; no pulse has come through yet"
    return f"every {beat.every_seconds} s to {whom}; a pulse came through at {last:%H:%M:%S} UTC"


def _require_writable(path: Path) -> None:
    try:
        path.open("r+b").close()
    except FileNotFoundError:
        return  # `check` has the words for it
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); check its owner, mode and mount"
        ) from error


def data_directory(settings: Settings) -> str:
    """Look whether the data directory can be written and has room; leaves nothing behind.

    Raises:
        AdapterError: it cannot, or has none.
    """
    there = settings.data_dir
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        tempfile.TemporaryFile(dir=there).close()
        free = shutil.disk_usage(there).free
    except OSError as error:
        raise AdapterError(
            f"{settings.data_dir} cannot be written ({error.strerror}); give this user the right "
            "to, or name another directory in AIOPS_DATA_DIR"
        ) from error
    if free < LEAST_FREE_BYTES:
        raise AdapterError(
            f"{settings.data_dir} has {free // 2**20} MB left; free some: measurements are refused "
            "on a full disk"
        )
    return f"{settings.data_dir}, {free / 2**30:.1f} GB free"


def running_process(settings: Settings) -> int | None:
    """Return the process that runs this installation now, or None."""
    try:
        with (settings.data_dir / "lock").open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0)
    except (OSError, ValueError):  # nothing was ever run there, or it has just ended
        return None
    return None


def port(web: WebSettings) -> str:
    """Look whether the web server can listen where it shall.

    Raises:
        AdapterError: something else listens there, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        socket.create_server((web.host, web.port), family=family).close()
    except OSError as error:
        raise AdapterError(
            f"web: cannot listen on {web.host}:{web.port} ({error.strerror}); "
            "end what listens there, or choose another `web.port`"
        ) from error
    return f"{web.host}:{web.port} is free"


def sink(one: SinkSettings) -> str:
    """Look whether a sink's address answers; nothing is sent that anybody would see.

    Raises:
        AdapterError: it does not answer, or refuses the token.
    """
    if one.kind == "email":
        return _mail(one)
    address = urlsplit(one.url)
    with httpx.Client(timeout=PROBE_SECONDS, trust_env=address.hostname not in _LOOPBACK) as client:
        try:
            if one.kind == "slack" and one.secret is not None:
                return _slack(client, one.url, one.secret.get_secret_value())
            answer = client.get(one.url)
        except httpx.HTTPError as error:
            raise AdapterError(
                f"{one.url} gave no answer ({error or type(error).__name__}); "
                f"check `sinks.{one.name}` and the way out of this network"
            ) from error
    return (
        f"{address.hostname} answers (HTTP {answer.status_code}); the key shows with the first page"
    )


def missing_scopes(one: SinkSettings) -> tuple[str, ...]:
    """Return the scopes a Slack app lacks, with what for; empty where nobody can tell."""
    if one.kind != "slack" or one.secret is None:
        return ()
    token = {"Authorization": f"Bearer {one.secret.get_secret_value()}"}
    is_local = urlsplit(one.url).hostname in _LOOPBACK
    try:
        with httpx.Client(timeout=PROBE_SECONDS, trust_env=not is_local) as client:
            answer = client.post(f"{one.url.rstrip('/')}/auth.test", headers=token)
    except httpx.HTTPError:
        return ()  # said of the sink already
    granted = {part.strip() for part in answer.headers.get("x-oauth-scopes", "").split(",")} - {""}
    wanted = {name: what for name, what in SCOPES.items() if one.pictures or name != _PICTURE}
    missing = wanted.keys() - granted if granted else ()
    return tuple(f"{name} ({what})" for name, what in wanted.items() if name in missing)


def _mail(one: SinkSettings) -> str:
    from aiops.notify.email import Email  # noqa: PLC0415 - few installations send mails

    try:
        Email.from_settings(one, Settings()).check()
    except DeliveryError as error:
        raise AdapterError(str(error)) from error
    return f"{one.url} takes " + (f"the password of {one.user}" if one.user else "us as we are")


def notes(one: SinkSettings) -> str:
    """Look whether PagerDuty knows the user we write as; nothing is written.

    Whether the token may write shows with the first note: nothing asks for that without writing.

    Raises:
        AdapterError: it refuses the token, knows no such user, or does not answer.
    """
    try:
        writing = replace(one, api_token=None)
        users = pagerduty_rest.ask(writing, "users", {"query": one.write_as}).get("users")
    except DeliveryError as error:
        raise AdapterError(f"with AIOPS_PAGERDUTY_WRITE_TOKEN: {error}") from error
    known = {str(user.get("email", "")).lower() for user in users or () if isinstance(user, dict)}
    if one.write_as.lower() not in known:
        raise AdapterError(
            f"PagerDuty knows no user {one.write_as}: notes would be refused; correct "
            f"`sinks.{one.name}.write_as`"
        )
    return f"PagerDuty knows {one.write_as}; whether the token may write shows with the first note"


def _slack(client: httpx.Client, url: str, token: str) -> str:
    answer = client.post(
        f"{url.rstrip('/')}/auth.test", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        said: Any = answer.json()
        taken, why = bool(said["ok"]), str(said.get("error", ""))
    except (ValueError, TypeError, KeyError) as error:
        raise AdapterError(
            f"{url} does not speak as Slack (HTTP {answer.status_code}); check `api_url`"
        ) from error
    if not taken:
        raise AdapterError(f"Slack refuses the token ({why}); renew AIOPS_SLACK_BOT_TOKEN")
    return "Slack takes the token"
