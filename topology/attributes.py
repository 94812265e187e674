"""What is known about one service: the attributes a topology file may declare."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ServiceKind(StrEnum):
    """The part a service plays in the system; it decides how trouble shows and travels."""

    EDGE = "edge"
    APP = "app"
    WORKER = "worker"
    QUEUE = "queue"
    DB = "db"
    CACHE = "cache"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A node of the topology: anything that can be called and can be at fault.

    Attributes:
        name: unique name, spelled as in the telemetry.
        kind: the part it plays.
        owner: role that answers for it, as in "payments"; never a person's name. None: unknown.
        tier: importance, 1 is the most important; None: not declared.
        regions: regions it runs in; empty means not declared, to be read as all.
        segments: customer segments it serves; empty means not declared, to be read as all.
        display: how a person says it, as in "checkout"; None: the name will do.
    """

    name: str
    kind: ServiceKind = ServiceKind.APP
    owner: str | None = None
    tier: int | None = None
    regions: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    display: str | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a service needs a name; got an empty text")


# General vocabulary of the field, never names from a particular system.
_TOKENS: Final[dict[ServiceKind, str]] = {
    ServiceKind.EDGE: (
        "edge gateway ingress frontend front storefront web website www proxy nginx envoy haproxy "
        "lb elb alb loadbalancer cdn"
    ),
    ServiceKind.WORKER: "worker job cron consumer scheduler batch",
    ServiceKind.QUEUE: "queue mq rabbitmq kafka sqs sns nats pubsub broker topic kinesis",
    ServiceKind.DB: (
        "db database sql postgres postgresql pgsql pg mysql mariadb mongo mongodb dynamodb "
        "cassandra oracle rds aurora bucket"
    ),
    ServiceKind.CACHE: "cache redis valkey memcached memcache",
    ServiceKind.EXTERNAL: "external thirdparty provider",
}
_KIND_OF_TOKEN: Final = {token: kind for kind, text in _TOKENS.items() for token in text.split()}
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def guess_kind(name: str) -> ServiceKind:
    """Guess the part a service plays from general words in its name.

    Only for services whose kind nobody declared. The last telling word wins, because English
    compounds end in their head noun: an `orders-db-proxy` is a proxy. No telling word: an app.

    Args:
        name: service name in any spelling (kebab-case, snake_case, CamelCase, dotted).

    Examples:
        >>> [guess_kind(name).value for name in ("orders-db", "redis-cart", "MailWorker", "cart")]
        ['db', 'cache', 'worker', 'app']
    """
    for token in reversed(_TOKEN.findall(name)):
        kind = _KIND_OF_TOKEN.get(token.lower())
        if kind is not None:
            return kind
    return ServiceKind.APP


def undeclared(name: str) -> Service:
    """Return the service to assume where telemetry or an edge names one nobody declared."""
    return Service(name=name, kind=guess_kind(name))
