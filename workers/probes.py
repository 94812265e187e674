"""Is what we need there? Each probe says what it found, or raises what is wrong and what to do."""

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from aiops.domain.errors import AdapterError, AiopsError
from aiops.settings import Settings, SinkSettings, WebSettings
from aiops.store.migrate import Database, Standing, check

PROBE_SECONDS = 5.0
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


def database(url: str, which: Database) -> str:
    """Look whether a database answers and has this release's tables; changes nothing.

    Raises:
        AiopsError: it does not.
    """
    standing = check(url, which)
    if standing is not Standing.UP_TO_DATE:
        raise AiopsError(f"its tables are {standing.value}")
    return standing.value


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
