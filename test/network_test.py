#!/usr/bin/env python3
"""Three nodes and three members of etcd, each on a host of its own, on a network that fails.

Links are cut, one way or both, and slowed down, and processes are killed and frozen, while
clients lock and release. What they were told is judged by `turnstile check` and by the clients
themselves (cluster_load.py); then all must come to rest, and no node may have ended.

    test/network_test.py                                             a round, as in the gate
    TURNSTILE_NETWORK_FAILOVERS=200 test/network_test.py             rounds, until that many

TURNSTILE_NETWORK_SEED is the first round's, TURNSTILE_NETWORK_ONLY="FAULT,FAULT" leaves out all
other faults, and TURNSTILE_NETWORK_KEEP=FOLDER keeps the last round's history and logs. Each round
has a cluster and a history of its own. At its end it prints for each fault how often there was
another leader, and how long it took until the next lock was granted.
"""
import os
import random
import shutil
import statistics
import subprocess
import time
import unittest
from dataclasses import dataclass, field
from typing import Callable

import turnstile_cluster
import turnstile_network
from cluster_load import Load, Options, Probe
from turnstile_cluster import Cluster
from turnstile_network import Network
from turnstile_server import BINARY

FAILOVERS = int(os.environ.get("TURNSTILE_NETWORK_FAILOVERS", "1"))
LONG_RUN = 50  # changes of leaders
SEED = int(os.environ.get("TURNSTILE_NETWORK_SEED", "1"))
ONLY = [name for name in os.environ.get("TURNSTILE_NETWORK_ONLY", "").split(",") if name]
# Where the history and the logs of the last round are left.
KEEP = os.environ.get("TURNSTILE_NETWORK_KEEP")
# Small, so that snapshots are made, and nodes start from them, all the while.
CONFIG = "compaction_bytes_min = 65536\n"
ON_THE_WAY_S = 1  # what was committed before a cut may be answered so long after it
CALM_S = 0.5  # after a fault, for the load to get something done
DEPTH = 4     # commands of a client that are under way at once
ANSWER_S = 2  # for how long a client waits for an answer
GOES_ON_WITHIN_S = 60
REST_WITHIN_S = 60


class World:
    """What a fault is made to, as it is now."""

    def __init__(self, cluster, network, chance):
        self.network = network
        self.leader = cluster.await_leader()
        cluster.await_standbys()
        self.epoch = self.leader.epoch()
        self.nodes = cluster.nodes
        self.etcds = cluster.etcds
        self.etcd_leader = cluster.etcd_leader()
        self.etcd_others = [etcd for etcd in self.etcds if etcd is not self.etcd_leader]
        self.standbys = [node for node in self.nodes if node is not self.leader]
        self.standby = chance.choice(self.standbys)

    def cut(self, these, those, both=True):
        self.network.cut(places(these), places(those), both)

    def cut_off(self, one, also=()):
        """One process from all others; with what is `also` given, such as the clients."""
        others = [other for other in self.nodes + self.etcds if other is not one]
        self.network.cut([one.place], places(others) + list(also))

    def clients(self):
        return [self.network.here_as_place()]


def places(processes):
    return [process.place for process in processes]


@dataclass
class Fault:
    """`lasts`: 0: until something is granted again; else for so many seconds, and what is measured
    begins when they are over. `grants`: whether anything may be granted meanwhile."""
    name: str
    make: Callable[[World], None]
    times: int
    lasts: float = 0
    grants: bool = True
    leads_on: bool = False  # the leader should stay the same
    stays: float = 0        # and for so many seconds after all is healed
    is_long: bool = False   # only in the first round of a long run, or if it is named
    took: list = field(default_factory=list)
    changes: int = 0
    needless: int = 0


def lose_majority(world):
    world.network.split(*[[etcd.place] for etcd in world.etcds])


def leave_minority(world):
    """The leader with one member of etcd here, the rest there; clients reach both."""
    there = places(world.standbys + world.etcd_others)
    world.network.split([world.leader.place, world.etcd_leader.place], there)


def slow_down(world):
    world.network.slow(places(world.nodes), places(world.etcds), delay=0.02, jitter=0.015,
                       loss=0.03)


def slow_etcd(world):
    world.network.slow(places(world.etcds), places(world.etcds), delay=0.02, jitter=0.015,
                       loss=0.02)
    slow_down(world)


def all_faults():
    """With how often each comes in a round of a long run; in the gate each comes once, if at all."""
    return [
        Fault("leader off etcd", lambda w: w.cut([w.leader], w.etcds), 2),
        Fault("leader off everything", lambda w: w.cut_off(w.leader, w.clients()), 3),
        Fault("leader off the standbys", lambda w: w.cut([w.leader], w.standbys), 2, lasts=3),
        Fault("leader off its clients", lambda w: w.network.cut([w.leader.place], w.clients()), 1,
              lasts=2, leads_on=True),
        Fault("leader off etcd's leader", lambda w: w.cut([w.leader], [w.etcd_leader]), 1,
              lasts=6, leads_on=True),
        Fault("leader off two of etcd", lambda w: w.cut([w.leader], w.etcd_others), 1, lasts=6,
              leads_on=True),
        Fault("leader to etcd lost", lambda w: w.cut([w.leader], w.etcds, both=False), 1),
        Fault("etcd to leader lost", lambda w: w.cut(w.etcds, [w.leader], both=False), 1),
        Fault("leader to all lost", lambda w: w.network.cut(
            [w.leader.place], places(w.standbys + w.etcds) + w.clients(), both=False), 1),
        Fault("standby to leader lost", lambda w: w.cut([w.standby], [w.leader], both=False), 1,
              lasts=3),
        Fault("standby off everything", lambda w: w.cut_off(w.standby), 2, lasts=6,
              leads_on=True, stays=3),
        Fault("etcd's leader cut off", lambda w: w.cut_off(w.etcd_leader), 2),
        Fault("etcd's leader deaf", lambda w: w.cut(
            w.etcd_others, [w.etcd_leader], both=False), 1),
        Fault("etcd's leader mute", lambda w: w.cut(
            [w.etcd_leader], w.etcd_others, both=False), 1),
        Fault("leader in the minority", leave_minority, 2),
        Fault("etcd without majority", lose_majority, 1, lasts=3, grants=False),
        Fault("slow to etcd", slow_down, 1, lasts=3),
        Fault("all slow", slow_etcd, 1, lasts=3),
        Fault("kill -9", lambda w: w.leader.kill(), 4),
        Fault("SIGTERM", lambda w: w.leader.terminate(), 3),
        Fault("SIGSTOP", lambda w: w.leader.freeze(), 2),
        Fault("SIGSTOP for minutes", lambda w: w.leader.freeze(), 1, lasts=150, is_long=True),
    ]


class Round:
    """A cluster, its load, and one fault after the other."""

    def __init__(self, test, seed, faults):
        self.test = test
        self.faults = faults
        self.chance = random.Random(seed)
        self.epochs = set()

    def run(self):
        """Returns how many steps the clients made."""
        with Network() as network, Cluster(config=CONFIG, network=network) as cluster:
            self.cluster = cluster
            cluster.await_leader()
            cluster.await_standbys()
            history = cluster.folder / "history.jsonl"
            load = Load(Options(cluster.addresses, str(history), ANSWER_S, DEPTH))
            with Probe(cluster.addresses) as self.probe:
                order = [fault for fault in self.faults
                         for _ in range(fault.times if FAILOVERS > 1 else 1)]
                self.chance.shuffle(order)
                for fault in order:
                    try:
                        self.suffer(fault, network)
                    except AssertionError as error:
                        raise AssertionError(f"{fault.name}: {error}\n{cluster.read_logs()}"
                                             ) from error
                self.epochs.add(cluster.await_leader().epoch())
            errors, steps = load.end(), load.steps()
            if KEEP:
                shutil.rmtree(KEEP, ignore_errors=True)
                shutil.copytree(cluster.folder, KEEP, ignore=shutil.ignore_patterns("etcd-?"))
            for node in cluster.nodes:
                self.test.assertTrue(node.is_running(), node.read_log())
            judged = subprocess.run([BINARY, "check", str(history)], capture_output=True,
                                    text=True, check=False)
            self.test.assertEqual(errors, [])
            self.test.assertEqual(judged.returncode, 0, judged.stdout[-4000:] + judged.stderr)
            return steps

    def suffer(self, fault, network):
        world = World(self.cluster, network, self.chance)
        self.epochs.add(world.epoch)
        began = time.monotonic()
        fault.make(world)
        if fault.lasts:
            time.sleep(fault.lasts)
            if not fault.grants:
                self.test.assertIsNone(self.probe.first_grant_after(began + ON_THE_WAY_S))
            began = time.monotonic()
            self.heal(network)
        fault.took.append(self.probe.next_grant_after(began, GOES_ON_WITHIN_S) - began)
        if not fault.lasts:
            self.heal(network)
        time.sleep(fault.stays)
        fresh = self.come_to_rest()
        if fresh.epoch() != world.epoch:
            fault.changes += 1
            fault.needless += fault.leads_on
        time.sleep(CALM_S)

    def heal(self, network):
        network.heal()
        self.cluster.mend()

    def come_to_rest(self):
        leader = self.cluster.await_leader(within=REST_WITHIN_S)
        self.cluster.await_standbys(within=REST_WITHIN_S)
        return leader


def describe(fault):
    def ms(share):
        ordered = sorted(fault.took)
        return f"{1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]:8,.0f}"

    median = f"{1000 * statistics.median(fault.took):8,.0f}"
    return (f"| {fault.name:24} | {len(fault.took):5} | {fault.changes:11} | {median} | {ms(0.99)} "
            f"| {ms(1)} |")


@unittest.skipUnless(turnstile_cluster.is_possible(), "needs etcd, and a turnstile built with it")
@unittest.skipUnless(turnstile_network.is_possible(),
                     "needs the right to make network namespaces and TUN devices")
class NetworkTest(unittest.TestCase):
    def test_whatever_the_network_does_clients_are_told_the_truth(self):
        began = time.monotonic()
        faults = [fault for fault in all_faults() if not ONLY or fault.name in ONLY]
        rounds = failovers = steps = 0
        while failovers < FAILOVERS:
            has_time = ONLY or (FAILOVERS >= LONG_RUN and rounds == 0)
            one = Round(self, SEED + rounds, [fault for fault in faults
                                              if has_time or not fault.is_long])
            verdict = "FAILED"
            try:
                steps += one.run()
                verdict = "no loss"
            finally:
                rounds += 1
                failovers += len(one.epochs - {None}) - 1
                report(faults, f"{rounds} rounds, {{}} faults, {failovers} changes of leaders, {{}} "
                       f"of them needless, {steps} operations judged, {verdict}, in "
                       f"{time.monotonic() - began:.0f} s")


def report(faults, line):
    print("\n| fault | times | new leaders | p50, ms | p99, ms | max, ms |")
    print("|---|---|---|---|---|---|")
    for fault in faults:
        if fault.took:
            print(describe(fault))
    print(line.format(sum(len(fault.took) for fault in faults),
                      sum(fault.needless for fault in faults)), flush=True)


if __name__ == "__main__":
    unittest.main()
