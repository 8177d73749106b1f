"""What the comparison is to show, as ratios of medians of one run, or as bounds of figures."""

from dataclasses import dataclass

RATE = {"U": "pairs/s", "C": "pairs/s", "R": "hand-offs/s", "H": "pairs/s"}


@dataclass(frozen=True)
class Target:
    case: str
    system: str
    figure: str
    bound: float
    at_most: bool = False  # else at least
    against: str = ""  # the system whose figure ours is divided by; empty: an absolute bound
    against_figure: str = ""  # of the same system, that ours is divided by

    def text(self):
        sign = "≤" if self.at_most else "≥"
        other = self.against_figure or self.against
        bound = f"{sign} {self.bound:g}" + (f" × {other}" if other else "")
        return f"{self.case}: {self.system}, {self.figure} {bound}"

    def value(self, medians):
        """None if something of it was not measured. `medians` by case, system and figure."""
        try:
            ours = medians[self.case][self.system][self.figure]
            if self.against_figure:
                return ours / medians[self.case][self.system][self.against_figure]
            if self.against:
                return ours / medians[self.case][self.against][self.figure]
            return ours
        except (KeyError, ZeroDivisionError):
            return None

    def is_met(self, value):
        return value <= self.bound if self.at_most else value >= self.bound


def rate(case, system, *bounds):
    """Targets for a rate against other systems, given as (bound, system)."""
    return [Target(case, system, RATE[case[0]], bound, against=other) for bound, other in bounds]


TARGETS = [
    *rate("U 64", "Turnstile file, pipelined", (2, "Redis AOF always, pipelined")),
    *rate("U 64", "Turnstile memory, pipelined", (2, "Redis in memory, pipelined")),
    *rate("U 64", "Turnstile file, connections",
          (1.35, "Redis AOF always, connections"), (8, "etcd"), (8, "ZooKeeper")),
    *rate("U 64", "Turnstile file, library", (3, "Redis AOF always, connections")),
    *rate("U 1", "Turnstile file, connections", (1.25, "Redis AOF always, connections")),
    *rate("U 1", "Turnstile memory, connections", (0.95, "Redis in memory, connections")),  # level with
    *rate("C 16x1", "Turnstile file, connections",
          (1.5, "Redis AOF always, retry"), (5, "ZooKeeper"), (9, "etcd")),
    *rate("C 64x8", "Turnstile file, connections",
          (2, "Redis AOF always, retry"), (13, "ZooKeeper"), (25, "etcd")),
    *[Target(case, "Turnstile file, connections", "hand-off p50 us", 1.2, at_most=True,
             against="bare file, connections") for case in ("C 16x1", "C 64x8")],
    *[Target(case, "Turnstile file, connections", "longest wait us", 5, at_most=True,
             against_figure="mean wait us") for case in ("C 16x1", "C 64x8")],
    *[Target(case, "Turnstile file, connections", "Jain's index", 0.999)
      for case in ("C 16x1", "C 64x8")],
    *[Target(case, "Turnstile memory, connections", "hand-off p50 us", 0.5, at_most=True,
             against="PostgreSQL advisory") for case in ("C 16x1", "C 64x8")],
    *rate("R 1", "Turnstile file", (2.5, "RabbitMQ quorum"), (1, "Redis lists AOF always")),
    *rate("R 8", "Turnstile file", (2.5, "RabbitMQ quorum"), (1, "Redis lists AOF always")),
    *rate("R 64", "Turnstile file", (1, "Redis lists AOF always")),
    *[target for rings in (1, 8, 64) for target in
      rate(f"R {rings}", "Turnstile memory",
           (1, "RabbitMQ transient"), (1, "Redis lists in memory"))],
    *rate("H 1", "Turnstile, connections", (1, "etcd")),
    *rate("H 64", "Turnstile, connections", (4, "etcd"), (4, "ZooKeeper")),
    *rate("H 64", "Turnstile, pipelined", (20, "etcd"), (20, "ZooKeeper")),
    *rate("H 16x1", "Turnstile, connections", (3, "etcd"), (1, "ZooKeeper")),
    *rate("H 64x8", "Turnstile, connections", (3, "etcd"), (3, "ZooKeeper")),
    Target("S", "held locks: 1000000 held", "pairs/s", 0.8, against="held locks: 1000 held"),
    Target("S", "held locks: 1000000 held", "bytes per lock", 300, at_most=True),
    Target("S", "waiters on one key: 100000 waiters", "bytes per waiter", 400, at_most=True),
    Target("S", "start: 1000000 held, all replayed", "entries/s", 1_000_000),
    Target("S", "start: 1000000 held, from a snapshot", "start, s", 3, at_most=True),
]
