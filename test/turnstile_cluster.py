"""Three members of etcd and three nodes of Turnstile, for a test: on loopback, or on a network whose
packets the test can lose (turnstile_network.py).

    with Cluster() as cluster:
        leader = cluster.await_leader()
        leader.kill()
        cluster.await_leader(other_than=leader)

Each process is ended by its id. Folders are temporary. Without etcd on the machine there is no
cluster: is_possible() says so, and a test is skipped.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import Callable, Optional

from turnstile_server import BINARY, Connection, Hangup, Refusal

PREFIX = "cluster-test"
WITHIN = 60
# At the end of a process LeakSanitizer stops its threads, and with gRPC's it may stop for ever.
ENVIRONMENT = os.environ | {
    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def is_possible():
    """Whether etcd is installed, and this turnstile was built with it."""
    if shutil.which("etcd") is None or shutil.which("etcdctl") is None:
        return False
    linked = subprocess.run(["ldd", BINARY], capture_output=True, check=False, text=True)
    return "libgrpc++" in linked.stdout


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass
class Place:
    """Where a process listens: a node at `port`, a member of etcd at the other two. `move_in` is
    called in the child process, if it is to be on another host."""
    ip: str
    port: int = 0
    client_port: int = 0
    peer_port: int = 0
    move_in: Optional[Callable[[], None]] = None


class Loopback:
    """The network where there is none: all on 127.0.0.1."""

    @staticmethod
    def places(count):
        ports = free_ports(3 * count)
        return [Place("127.0.0.1", *ports[3 * n:3 * n + 3]) for n in range(count)]


class Process:
    """A child process that can be killed, stopped and started again."""

    def __init__(self, place, command, log):
        self.place = place
        self.command = command
        self.log = log
        self.child = None

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command, stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL, env=ENVIRONMENT,
                                          preexec_fn=self.place.move_in)

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def kill(self):
        if self.is_running():
            self.child.kill()
            self.child.wait()

    def terminate(self):
        self.child.send_signal(signal.SIGTERM)

    def freeze(self):
        self.child.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.child.send_signal(signal.SIGCONT)

    def read_log(self):
        return self.log.read_text(errors="replace")


class Node(Process):
    """`turnstile serve` in a cluster."""

    def __init__(self, place, command, log):
        super().__init__(place, command, log)
        self.port = place.port
        self.address = (place.ip, place.port)

    def ask(self, *words, timeout=1):
        """One command over a connection of its own; None if there is no answer."""
        try:
            connection = Connection(self.address, timeout=timeout)
            try:
                return connection.call(*words)
            finally:
                connection.close()
        except (OSError, Hangup, Refusal):
            return None

    def epoch(self):
        """The epoch in which it leads; 0: it does not; None: it does not answer."""
        return self.ask("CLUSTER", "EPOCH")

    def info(self):
        """CLUSTER INFO as a dictionary, or an empty one."""
        text = self.ask("CLUSTER", "INFO") or ""
        return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


class Cluster:
    """Use it as a context manager."""

    def __init__(self, nodes=3, config="", network=Loopback):
        self._temporary = tempfile.TemporaryDirectory(prefix="turnstile-cluster-")
        self.folder = pathlib.Path(self._temporary.name)
        (self.folder / "turnstile.toml").write_text(config)
        places = network.places(3 + nodes)
        members, places = places[:3], places[3:]
        everyone = ",".join(f"m{n}=http://{at.ip}:{at.peer_port}" for n, at in enumerate(members))
        self.endpoints = ",".join(f"{at.ip}:{at.client_port}" for at in members)
        self.etcds = [Process(at, [
            "etcd", "--name", f"m{n}", "--data-dir", str(self.folder / f"etcd-{n}"),
            "--listen-client-urls", f"http://{at.ip}:{at.client_port}",
            "--advertise-client-urls", f"http://{at.ip}:{at.client_port}",
            "--listen-peer-urls", f"http://{at.ip}:{at.peer_port}",
            "--initial-advertise-peer-urls", f"http://{at.ip}:{at.peer_port}",
            "--initial-cluster", everyone], self.folder / f"etcd-{n}.log")
            for n, at in enumerate(members)]
        self.nodes = [Node(at, [
            BINARY, "serve", "--listen", f"{at.ip}:{at.port}", "--journal",
            f"etcd://{self.endpoints}/{PREFIX}", "--config", str(self.folder / "turnstile.toml")],
            self.folder / f"node-{n}.log") for n, at in enumerate(places)]
        self.ports = [node.port for node in self.nodes]
        self.addresses = [node.address for node in self.nodes]

    def __enter__(self):
        for etcd in self.etcds:
            etcd.start()
        self.etcdctl("put", "awake", "1", patience=WITHIN)
        for node in self.nodes:
            node.start()
        return self

    def __exit__(self, *_):
        for process in self.nodes + self.etcds:
            process.kill()
        self._temporary.cleanup()

    def etcdctl(self, *words, patience=10):
        """Runs etcdctl until it succeeds; returns what it printed."""
        deadline = time.monotonic() + patience
        while True:
            done = subprocess.run(
                ["etcdctl", "--endpoints", self.endpoints, "--command-timeout=5s", *words],
                capture_output=True, text=True, check=False, env=os.environ | {"ETCDCTL_API": "3"})
            if done.returncode == 0:
                return done.stdout
            if time.monotonic() > deadline:
                raise AssertionError(f"etcdctl {words}: {done.stderr}")
            time.sleep(0.1)

    def etcd_leader(self):
        """The member that leads etcd; waits until one does."""
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            report = json.loads(self.etcdctl("endpoint", "status", "--write-out=json"))
            for member in report:
                if member["Status"].get("leader") == member["Status"]["header"]["member_id"]:
                    return self.etcds[self.endpoints.split(",").index(member["Endpoint"])]
            time.sleep(0.1)
        raise AssertionError("no member leads etcd")

    def leader(self):
        """The node that leads in the newest epoch, or None."""
        epochs = [(node.epoch() or 0, node) for node in self.nodes if node.is_running()]
        epoch, node = max(epochs, key=lambda pair: pair[0], default=(0, None))
        return node if epoch else None

    def await_leader(self, other_than=None, within=WITHIN):
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            node = self.leader()
            if node is not None and node is not other_than and node.ask("LOCK.INFO", "any"):
                return node
            time.sleep(0.01)
        raise AssertionError("no leader in time:\n" + self.read_logs())

    def await_standbys(self, within=WITHIN):
        """Waits until all running nodes but one stand ready to lead."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            roles = sorted(node.info().get("role", "") for node in self.nodes
                           if node.is_running())
            if roles.count("leader") == 1 and roles.count("standby") == len(roles) - 1:
                return
            time.sleep(0.02)
        raise AssertionError(f"no standbys in time, but {roles}:\n" + self.read_logs())

    def await_members(self, node):
        """Waits until this node knows all that are started."""
        deadline = time.monotonic() + WITHIN
        while len(node.info().get("nodes", "").split(",")) < len(self.nodes):
            if time.monotonic() > deadline:
                raise AssertionError(f"{node.info()}:\n" + self.read_logs())
            time.sleep(0.02)

    def mend(self):
        """Whoever was frozen goes on, who is dead starts again."""
        for process in self.nodes + self.etcds:
            if process.is_running():
                process.thaw()
        deadline = time.monotonic() + 10
        for node in self.nodes:
            # One that was told to stop may take its time; it ends by itself.
            while node.is_running() and node.epoch() is None and time.monotonic() < deadline:
                time.sleep(0.02)
        for process in self.nodes + self.etcds:
            if not process.is_running():
                process.start()

    def read_logs(self):
        return "\n".join(f"--- node {n}\n" + "\n".join(node.read_log().splitlines()[-30:])
                         for n, node in enumerate(self.nodes))
