"""Clients of a cluster that lock, wait, read and release all the while leaders come and go, and
write down what they ask and what they are told (docs/checking.md).

They run in a process of their own, so that their clocks do not stop when the test is busy.
"""
import collections
import multiprocessing
import random
import threading
import time

from history_recorder import Recorder, RecordingClient
from turnstile_server import Connection, Hangup, Refusal

CLIENTS = 6
KEYS = [f"acct/{n}" for n in range(5)]


class ClusterClient(RecordingClient):
    """A recording client that looks for the leader when it has lost it."""

    def __init__(self, recorder, number, ports):
        self.ports = ports
        self.chance = random.Random(number)
        super().__init__(recorder, number, self._any_port(), timeout=5)

    def _any_port(self):
        return self.chance.choice(self.ports)

    def _connect(self, port):
        while True:
            try:
                return super()._connect(port)
            except (OSError, Hangup, Refusal):  # such as UNAVAILABLE, to HELLO
                time.sleep(0.02)
                port = self._any_port()

    def find_leader(self, is_over):
        """Reconnects until a node serves; returns the answers that came late."""
        answers = []
        while not is_over():
            self.connection.close()
            try:
                answers += self.reconnect(self._any_port())
                return answers
            except (OSError, Hangup):
                time.sleep(0.02)
        return answers


class Worker:
    """Takes and gives back, and compares what it is told with what it knows."""

    def __init__(self, number, recorder, ports, errors):
        self.client = ClusterClient(recorder, number, ports)
        self.chance = random.Random(1000 + number)
        self.errors = errors
        self.held = {}  # token -> key
        self.steps = 0

    def hear(self, words, reply):
        if words[0] == "LOCK.ACQUIRE" and isinstance(reply, dict):
            self.held[reply["token"]] = words[1]
        elif words[0] == "LOCK.RELEASE":
            if reply != 1:
                self.errors.append(f"{words} was answered {reply}")
            self.held.pop(words[2], None)
        elif words[0] == "LOCK.CHECK":
            if words[2] in self.held and reply != 1:
                self.errors.append(f"{words} was answered {reply}")
        elif isinstance(reply, Refusal) and reply.code not in ("BUSY", "DEADLOCK"):
            self.errors.append(f"{words} was refused: {reply}")

    def step(self):
        if self.held and self.chance.random() < 0.2:
            token, key = self.chance.choice(list(self.held.items()))
            words = ["LOCK.CHECK", key, token]
        elif self.held and (len(self.held) > 1 or self.chance.random() < 0.6):
            token, key = self.chance.choice(list(self.held.items()))
            words = ["LOCK.RELEASE", key, token]
        elif self.chance.random() < 0.2:
            words = ["LOCK.INFO", self.chance.choice(KEYS)]
        else:
            words = ["LOCK.ACQUIRE", self.chance.choice(KEYS), "WAIT", self.chance.choice([0, 50])]
        self.hear(words, self.client.call(*words))
        self.steps += 1

    def run(self, is_over):
        has_leader = False
        while not is_over():
            try:
                if not has_leader:
                    for words, reply in self.client.find_leader(is_over):
                        self.hear(words, reply)
                    has_leader = True
                self.step()
                time.sleep(0.002)
            except (OSError, Hangup):
                has_leader = False
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(f"client {self.client.number}: {error!r}")
                return

    def compare(self):
        """After all: what the server says that this session holds."""
        for words, reply in self.client.find_leader(lambda: False):
            self.hear(words, reply)
        attached = self.client.connection.call("SESSION.ATTACH", *self.client.session)
        on_server = {grant["token"]: grant["keys"][0] for grant in attached["grants"]}
        if on_server != self.held:
            self.errors.append(f"client {self.client.number} holds {self.held}, the server says "
                               f"{on_server}")
        self.client.close()


class Load:
    """All workers, in a process of their own."""

    def __init__(self, ports, history):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve_load, args=(theirs, ports, history),
                                       daemon=True)
        self.process.start()
        theirs.close()

    def end(self):
        """Stops, compares; returns (errors, steps)."""
        self.pipe.send("end")
        errors, steps = self.pipe.recv()
        self.process.join()
        return errors, steps


def serve_load(pipe, ports, history):
    recorder = Recorder(history)
    errors = []
    over = threading.Event()
    workers = [Worker(number, recorder, ports, errors) for number in range(CLIENTS)]
    threads = [threading.Thread(target=worker.run, args=(over.is_set,)) for worker in workers]
    for thread in threads:
        thread.start()
    pipe.recv()
    over.set()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.compare()
    recorder.close()
    pipe.send((errors, sum(worker.steps for worker in workers)))


class Probe:
    """Takes a lock of its own as often as it can, and remembers when it was granted: how long the
    service was away is how long this one got nothing."""

    def __init__(self, ports):
        self.ports = ports
        self.granted = collections.deque(maxlen=1000)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _run(self):
        turn = 0
        connection = None
        while not self.over.is_set():
            try:
                if connection is None:
                    connection = Connection(self.ports[turn % len(self.ports)], timeout=0.3)
                asked = time.monotonic()
                grant = connection.call("LOCK.ACQUIRE", f"probe/{turn}", "LEASE", 3000)
                self.granted.append((asked, time.monotonic()))
                connection.call("LOCK.RELEASE", f"probe/{turn}", grant["token"])
                turn += len(self.ports)  # another key, the same node
                time.sleep(0.005)
            except (OSError, Hangup, Refusal):
                if connection is not None:
                    connection.close()
                connection = None
                turn += 1
                time.sleep(0.005)

    def next_grant_after(self, moment, within=60):
        """When the first grant came that was asked for after the moment."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for asked, granted in list(self.granted):
                if asked > moment:
                    return granted
            time.sleep(0.002)
        raise AssertionError("nothing was granted any more")
