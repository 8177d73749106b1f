"""What is measured: on which server, through which client, with how many workers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """One row of a table."""

    name: str  # for people
    server: str  # of servers.SERVERS
    verb: str  # of turnstile-bench-compare
    client: str  # its --system
    durable: bool  # whether an answer means that it is on disk


@dataclass(frozen=True)
class Case:
    """One table: the same work on all its systems."""

    family: str
    name: str
    title: str
    systems: tuple
    workers: int
    keys: int = 0


TURNSTILE_LOCKS = tuple(
    System(f"Turnstile {journal}, {way}", f"turnstile-{journal}", verb, client, journal == "file")
    for journal in ("file", "memory")
    for way, verb, client in (("library", "locks", "turnstile-library"),
                              ("connections", "locks", "turnstile"),
                              ("pipelined", "pipelined", "turnstile")))
BARE = tuple(
    System(f"bare {journal}, {way}", f"bare-{journal}", verb, "turnstile", journal == "file")
    for journal in ("file", "memory")
    for way, verb in (("connections", "locks"), ("pipelined", "pipelined")))
REDIS_OWN = tuple(
    System(f"Redis {kept}, {way}", f"redis-{server}", verb, "redis", server == "always")
    for server, kept in (("none", "in memory"), ("everysec", "AOF everysec"),
                         ("always", "AOF always"))
    for way, verb in (("connections", "locks"), ("pipelined", "pipelined")))
REDIS_SHARED = tuple(
    System(f"Redis {kept}, {way}", f"redis-{server}", "locks", client, server == "always")
    for server, kept in (("none", "in memory"), ("always", "AOF always"))
    for way, client in (("retry", "redis"), ("pub/sub", "redis-pubsub")))
ETCD = System("etcd", "etcd", "locks", "etcd", True)
ZOOKEEPER = System("ZooKeeper", "zookeeper", "locks", "zookeeper", True)
WAKES = System("no server, the library's wakes alone", "none", "locks", "wakes", False)
POSTGRES = System("PostgreSQL advisory", "postgres", "locks", "postgres", False)

RINGS = (
    System("Turnstile file", "turnstile-file", "rings", "turnstile", True),
    System("Turnstile memory", "turnstile-memory", "rings", "turnstile", False),
    System("RabbitMQ quorum", "rabbitmq", "rings", "rabbitmq-quorum", True),
    System("RabbitMQ classic durable", "rabbitmq", "rings", "rabbitmq-durable", False),
    System("RabbitMQ transient", "rabbitmq", "rings", "rabbitmq-transient", False),
    System("Redis lists AOF always", "redis-always", "rings", "redis", True),
    System("Redis lists in memory", "redis-none", "rings", "redis", False),
    System("ZeroMQ, no server", "zeromq", "rings", "zeromq", False),
)

THREE = (
    System("etcd", "etcd-three", "locks", "etcd", True),
    System("ZooKeeper", "zookeeper-three", "locks", "zookeeper", True),
    System("Turnstile, connections", "turnstile-three", "locks", "turnstile", True),
    System("Turnstile, library", "turnstile-three", "locks", "turnstile-library", True),
    System("Turnstile, pipelined", "turnstile-three", "pipelined", "turnstile", True),
)


def cases():
    for workers in (1, 8, 64):
        yield Case("U", f"U {workers}", f"own keys, {workers} workers; pipelined: 16 in flight each",
                   (*TURNSTILE_LOCKS, *BARE, WAKES, *REDIS_OWN, ETCD, ZOOKEEPER), workers)
    ours = tuple(one for one in (*TURNSTILE_LOCKS, *BARE) if one.verb == "locks")
    for workers, keys in ((16, 1), (64, 8)):
        yield Case("C", f"C {workers}x{keys}", f"{workers} workers on {keys} shared keys, no hold",
                   (*ours, *REDIS_SHARED, ETCD, ZOOKEEPER, POSTGRES), workers, keys)
    for rings in (1, 8, 64):
        yield Case("R", f"R {rings}", f"{rings} rings of eight processes, results of 256 bytes",
                   RINGS, rings)
    for workers in (1, 64):
        yield Case("H", f"H {workers}", f"three members, own keys, {workers} workers; "
                   "pipelined: 16 in flight each", THREE, workers)
    for workers, keys in ((16, 1), (64, 8)):
        yield Case("H", f"H {workers}x{keys}",
                   f"three members, {workers} workers on {keys} shared keys, no hold",
                   tuple(one for one in THREE if one.verb == "locks"), workers, keys)
