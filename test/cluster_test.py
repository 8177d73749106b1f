#!/usr/bin/env python3
"""Three nodes and three members of etcd, and whatever may happen to them, under load.

Leaders are killed, frozen, told to stop and deposed by hand; standbys and members of etcd are
killed and frozen. What the clients were told all the while is judged by `turnstile check`: real
time is the judge of a leader that wakes up and answers from the past.
"""
import json
import random
import statistics
import subprocess
import time
import unittest

import turnstile_cluster
from cluster_load import Load, Options, Probe
from turnstile_cluster import PREFIX, Cluster
from turnstile_server import BINARY, Connection, Hangup, Refusal

# Small, so that snapshots are made, and nodes start from them, all the while.
CONFIG = "compaction_bytes_min = 65536\n"

# How often each; what comes next is by chance.
BLOWS = {"kill": 20, "terminate": 14, "freeze": 6, "delete key": 4, "revoke lease": 4,
         "kill standby": 3, "freeze standby": 2, "kill etcd": 4, "freeze etcd": 3}
CHANGES_MIN = 45
STEPS_MIN = 200_000  # of the load; for a slow machine it goes on so long after the last blow
STEPS_WITHIN = 200
DEPTH = 32    # commands of a client that are under way at once
CALM_S = 0.8  # between two, for the load to get something done


def percentiles(times):
    ordered = sorted(times)
    return (f"{len(ordered):3} times, p50 {1000 * statistics.median(ordered):5.0f} ms, "
            f"p99 {1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]:5.0f} ms")


@unittest.skipUnless(turnstile_cluster.is_possible(), "needs etcd, and a turnstile built with it")
class ClusterTest(unittest.TestCase):
    def test_a_standby_sends_clients_to_the_leader(self):
        with Cluster() as cluster:
            leader = cluster.await_leader()
            cluster.await_standbys()
            standby = next(node for node in cluster.nodes if node is not leader)
            connection = Connection(standby.port)
            with self.assertRaises(Refusal) as refused:
                connection.call("LOCK.ACQUIRE", "{123456789}x", "LEASE", 1000)
            self.assertEqual(str(refused.exception), f"MOVED 12739 127.0.0.1:{leader.port}")
            with self.assertRaises(Refusal) as refused:
                connection.call("SESSION.OPEN")
            self.assertEqual(str(refused.exception), f"MOVED 0 127.0.0.1:{leader.port}")
            for node in cluster.nodes:
                cluster.await_members(node)
                [[first, last, *nodes]] = node.ask("CLUSTER", "SLOTS")
                self.assertEqual((first, last), (0, 16383))
                self.assertEqual(nodes[0][:2], ["127.0.0.1", leader.port])
                self.assertEqual(sorted(one[1] for one in nodes), sorted(cluster.ports))
                [shard] = node.ask("CLUSTER", "SHARDS")
                self.assertEqual([one["role"] for one in shard["nodes"]],
                                 ["master", "replica", "replica"])
                self.assertEqual(node.ask("CLUSTER", "MYID"), f"127.0.0.1:{node.port}")
                self.assertEqual(node.info()["cluster_state"], "ok")

    def test_status_tells_of_all_nodes_whichever_is_asked(self):
        def status(port, *words):
            done = subprocess.run([BINARY, "cluster", "status", "--server",
                                   f"turnstile://127.0.0.1:{port}", *words],
                                  capture_output=True, text=True, timeout=30, check=False)
            return done.returncode, done.stdout, done.stderr

        with Cluster() as cluster:
            leader = cluster.await_leader()
            cluster.await_standbys()
            for node in cluster.nodes:
                cluster.await_members(node)
            standby = next(node for node in cluster.nodes if node is not leader)
            roles = {f"127.0.0.1:{node.port}": "leader" if node is leader else "standby"
                     for node in cluster.nodes}
            for node in (leader, standby):
                code, out, err = status(node.port)
                self.assertEqual((code, err), (0, ""))
                heading, *rows = [line.split() for line in out.splitlines()]
                self.assertEqual({row[0]: row[1] for row in rows}, roles)
                [first] = [row for row in rows if row[1] == "leader"]
                self.assertEqual(first[heading.index("BEHIND")], "0")
                code, out, _ = status(node.port, "--json")
                self.assertEqual({one["node"]: one["role"] for one in json.loads(out)}, roles)
            standby.kill()
            code, out, _ = status(leader.port)
            self.assertEqual(code, 0)
            self.assertIn(f"127.0.0.1:{standby.port}  no answer", out)
            self.assertEqual(status(standby.port)[0], 69)

    def test_sessions_locks_tokens_and_time_outlive_the_leader(self):
        with Cluster() as cluster:
            leader = cluster.await_leader()
            cluster.await_standbys()
            holder = Connection(leader.port)
            session = holder.call("SESSION.OPEN", "TTL", 60000)
            grant = holder.call("LOCK.ACQUIRE", "a", "REQUEST", 1)
            leased = holder.call("LOCK.ACQUIRE", "b", "LEASE", 60000, "REQUEST", 2)
            waiting = Connection(leader.port)
            waiting.call("SESSION.OPEN", "TTL", 60000)
            waiting.send("LOCK.ACQUIRE", "a", "WAIT", 60000, "REQUEST", 1)
            while not holder.call("LOCK.INFO", "a")["waiters"]:
                time.sleep(0.01)
            leader.kill()
            fresh = cluster.await_leader(other_than=leader)

            again = Connection(fresh.port)
            attached = again.call("SESSION.ATTACH", session["id"], session["secret"])
            self.assertEqual(sorted(one["token"] for one in attached["grants"]),
                             [grant["token"], leased["token"]])
            repeated = again.call("LOCK.ACQUIRE", "a", "REQUEST", 1)
            self.assertEqual(repeated["token"], grant["token"])
            lease = [one["lease"] for one in attached["grants"]
                     if one["token"] == leased["token"]][0]
            self.assertTrue(45000 < lease <= 60000, lease)
            # The waiter's session is known, and so is its wait: the release hands on to it.
            self.assertEqual(again.call("LOCK.RELEASE", "a", grant["token"]), 1)
            state = again.call("LOCK.INFO", "a")
            self.assertEqual(state["state"], "held")
            later = again.call("LOCK.ACQUIRE", "c")
            self.assertGreater(later["token"], max(grant["token"], leased["token"]))

    def test_a_deposed_leader_answers_nothing_from_the_past(self):
        with Cluster() as cluster:
            leader = cluster.await_leader()
            cluster.await_standbys()
            writer = Connection(leader.port)
            grant = writer.call("LOCK.ACQUIRE", "a", "LEASE", 600000)
            reader = Connection(leader.port)
            blocked = Connection(leader.port)
            blocked.send("LOCK.ACQUIRE", "a", "LEASE", 1000, "WAIT", 60000)
            time.sleep(0.1)
            leader.freeze()
            fresh = cluster.await_leader(other_than=leader)
            self.assertEqual(Connection(fresh.port).call("LOCK.RELEASE", "a", grant["token"]), 1)
            reader.send("LOCK.CHECK", "a", grant["token"])  # it lies in the sleeper's buffer
            writer.send("LOCK.ACQUIRE", "a", "LEASE", 1000)
            leader.thaw()
            for connection in (reader, writer, blocked):
                try:
                    self.assertEqual(connection.read().code, "UNAVAILABLE")
                except Hangup:
                    pass  # as good: no answer
            cluster.await_standbys()
            self.assertEqual(cluster.leader(), fresh)

    def test_the_command_line_holds_its_lock_through_changes_of_leaders(self):
        with Cluster() as cluster:
            cluster.await_leader()
            cluster.await_standbys()
            url = "turnstile://" + ",".join(f"127.0.0.1:{port}" for port in cluster.ports)
            lock = [BINARY, "lock", "--server", url, "a"]
            go_on = cluster.folder / "go-on"
            holder = subprocess.Popen(
                [*lock, "--", "sh", "-c", f"while [ ! -e {go_on} ]; do sleep 0.05; done"],
                stderr=subprocess.PIPE, text=True)
            waiter = None
            for end in (lambda node: node.kill(), lambda node: node.terminate()):
                leader = cluster.await_leader()
                while Connection(leader.port).call("LOCK.INFO", "a")["state"] != "held":
                    time.sleep(0.01)
                if waiter is None:
                    waiter = subprocess.Popen([*lock, "--wait", "60s", "--", "true"])
                end(leader)
                leader.child.wait()
                fresh = cluster.await_leader(other_than=leader)
                self.assertEqual(Connection(fresh.port).call("LOCK.INFO", "a")["state"], "held")
                leader.start()
                cluster.await_standbys()
            self.assertIsNone(holder.poll(), "it must not have lost its lock")
            self.assertIsNone(waiter.poll(), "somebody holds the lock")
            go_on.touch()
            _, said = holder.communicate(timeout=30)
            self.assertEqual(holder.returncode, 0, said)
            self.assertEqual(waiter.wait(timeout=30), 0)

    def test_after_a_restore_tokens_jump_ahead(self):
        with Cluster() as cluster:
            leader = cluster.await_leader()
            cluster.await_standbys()
            before = Connection(leader.port).call("LOCK.ACQUIRE", "a", "LEASE", 60000)["token"]
            cluster.etcdctl("put", f"{PREFIX}/restored", "1")
            leader.kill()
            fresh = cluster.await_leader(other_than=leader)
            after = Connection(fresh.port).call("LOCK.ACQUIRE", "b", "LEASE", 60000)["token"]
            self.assertGreater(after, before + 2 ** 40)
            self.assertEqual(cluster.etcdctl("get", f"{PREFIX}/restored"), "")

    def test_without_etcd_nothing_is_granted_and_with_it_again(self):
        with Cluster() as cluster:
            leader = cluster.await_leader()
            before = Connection(leader.port).call("LOCK.ACQUIRE", "a", "LEASE", 600000)
            for etcd in cluster.etcds[:2]:
                etcd.kill()
            with self.assertRaises((Refusal, Hangup)) as refused:
                connection = Connection(leader.port, timeout=20)
                connection.call("LOCK.ACQUIRE", "b", "LEASE", 600000)
            self.assertIn("UNAVAILABLE", str(refused.exception))
            for etcd in cluster.etcds[:2]:
                etcd.start()
            fresh = cluster.await_leader()
            self.assertEqual(Connection(fresh.port).call("LOCK.CHECK", "a", before["token"]), 1)

    def test_whatever_happens_clients_are_told_the_truth(self):
        chance = random.Random(7420)
        with Cluster(config=CONFIG) as cluster:
            cluster.await_leader()
            cluster.await_standbys()
            history = cluster.folder / "history.jsonl"
            load = Load(Options(cluster.addresses, str(history), depth=DEPTH))
            blows = [blow for blow, count in BLOWS.items() for _ in range(count)]
            chance.shuffle(blows)
            times = {"kill": [], "terminate": [], "freeze": []}
            epochs = set()
            with Probe(cluster.addresses) as probe:
                for blow in blows:
                    leader = cluster.await_leader()
                    cluster.await_standbys()
                    epochs.add(leader.epoch())
                    began = time.monotonic()
                    self.strike(cluster, leader, blow, chance)
                    granted = probe.next_grant_after(began)
                    if blow in times:
                        times[blow].append(granted - began)
                    cluster.mend()
                    time.sleep(CALM_S)
                epochs.add(cluster.await_leader().epoch())
            load.go_on_until(STEPS_MIN, within=STEPS_WITHIN)
            errors, steps = load.end(), load.steps()
            for node in cluster.nodes:
                self.assertTrue(node.is_running(), node.read_log())
            judged = subprocess.run([BINARY, "check", str(history)], capture_output=True,
                                    text=True, check=False)
            print(f"\n{len(epochs)} epochs, {steps} steps of the load")
            for blow, its_times in times.items():
                print(f"from {blow:9} of the leader to the next grant: {percentiles(its_times)}")
            self.assertEqual(errors, [])
            self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
            self.assertGreaterEqual(len(epochs - {None}), CHANGES_MIN)
            self.assertGreaterEqual(steps, STEPS_MIN)
            snapshots = cluster.etcdctl("get", "--prefix", "--keys-only", f"{PREFIX}/snap/")
            self.assertIn("manifest", snapshots)
            # Loose, for a machine that is busy with other tests as well.
            self.assertLess(statistics.median(times["kill"]), 1.5)
            self.assertLess(statistics.median(times["terminate"]), 1.0)

    @staticmethod
    def strike(cluster, leader, blow, chance):
        standby = chance.choice([node for node in cluster.nodes if node is not leader])
        etcd = chance.choice(cluster.etcds)
        if blow == "kill":
            leader.kill()
        elif blow == "terminate":
            leader.terminate()
        elif blow == "freeze":
            leader.freeze()
        elif blow == "delete key":
            cluster.etcdctl("del", f"{PREFIX}/leader")
        elif blow == "revoke lease":
            key = cluster.etcdctl("get", f"{PREFIX}/leader", "--write-out=fields")
            lease = next(line.split(":")[1].strip() for line in key.splitlines()
                         if line.startswith('"Lease"'))
            cluster.etcdctl("lease", "revoke", f"{int(lease):x}")
        elif blow == "kill standby":
            standby.kill()
        elif blow == "freeze standby":
            standby.freeze()
        elif blow == "kill etcd":
            etcd.kill()
        elif blow == "freeze etcd":
            etcd.freeze()


if __name__ == "__main__":
    unittest.main()
