"""Clients of a cluster that lock, wait, read and release all the while leaders come and go, and
write down what they ask and what they are told (docs/checking.md).

They run in a process of their own, so that their clocks do not stop when the test is busy.
"""
import collections
import multiprocessing
import random
import threading
import time
from dataclasses import dataclass

from history_recorder import Recorder, RecordingClient
from turnstile_server import Connection, Hangup, Refusal

CLIENTS = 6


class ClusterClient(RecordingClient):
    """A recording client that looks for the leader when it has lost it."""

    def __init__(self, recorder, number, addresses, timeout):
        self.addresses = addresses
        self.chance = random.Random(number)
        super().__init__(recorder, number, self._any_address(), timeout=timeout)

    def _any_address(self):
        return self.chance.choice(self.addresses)

    def _connect(self, address):
        while True:
            try:
                return super()._connect(address)
            except (OSError, Hangup, Refusal):  # such as UNAVAILABLE, to HELLO
                time.sleep(0.02)
                address = self._any_address()

    def find_leader(self, is_over):
        """Reconnects until a node serves; returns the answers that came late."""
        answers = []
        while not is_over():
            self.connection.close()
            try:
                answers += self.reconnect(self._any_address())
                return answers
            except (OSError, Hangup):
                time.sleep(0.02)
        return answers


class Worker:
    """Takes and gives back, and compares what it is told with what it knows."""

    def __init__(self, number, recorder, options, errors, counts):
        self.client = ClusterClient(recorder, number, options.addresses, options.timeout)
        self.depth = options.depth
        # So many that half of those who want one get it.
        self.keys = [f"acct/{n}" for n in range(5 * self.depth)]
        self.chance = random.Random(1000 + number)
        self.errors = errors
        self.held = {}  # token -> key
        self.counts = counts  # of all workers

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

    def commands(self):
        """What is asked next, all at once. Nothing of it waits but the last."""
        mine = list(self.held.items())
        self.chance.shuffle(mine)
        for n in range(self.depth):
            dice = self.chance.random()
            if mine and dice < 0.2:
                yield ["LOCK.CHECK", mine[-1][1], mine[-1][0]]
            elif mine and (len(mine) > 1 or dice < 0.7):
                token, key = mine.pop()
                yield ["LOCK.RELEASE", key, token]
            elif dice < 0.75:
                yield ["LOCK.INFO", self.chance.choice(self.keys)]
            else:
                wait = self.chance.choice([0, 50]) if n == self.depth - 1 else 0
                yield ["LOCK.ACQUIRE", self.chance.choice(self.keys), "WAIT", wait]

    def step(self):
        commands = list(self.commands())
        self.client.call_all(commands, self.hear)
        self.counts[self.client.number] += len(commands)

    def run(self, is_over):
        has_leader = False
        while not is_over():
            try:
                if not has_leader:
                    self.find_leader(is_over)
                    has_leader = True
                    continue  # it may have been given up because all is over
                self.step()
                time.sleep(0.002)
            except (OSError, Hangup):
                has_leader = False
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(f"client {self.client.number}: {error!r}")
                return

    def find_leader(self, is_over):
        for words, reply in self.client.find_leader(is_over):
            self.hear(words, reply)
        self.adopt(self.client.attached)

    def adopt(self, grants):
        """Takes what came of a request that was believed to be refused."""
        for grant in grants:
            if grant["request"] in self.client.doubtful:
                self.client.doubtful.remove(grant["request"])
                self.held[grant["token"]] = grant["keys"][0]

    def compare(self):
        """After all: what the server says that this session holds."""
        self.find_leader(lambda: False)
        attached = self.client.connection.call("SESSION.ATTACH", *self.client.session)
        self.adopt(attached["grants"])
        on_server = {grant["token"]: grant["keys"][0] for grant in attached["grants"]}
        if on_server != self.held:
            self.errors.append(f"client {self.client.number} holds {self.held}, the server says "
                               f"{on_server}")
        self.client.close()


@dataclass
class Options:
    addresses: list
    history: str
    timeout: float = 5  # for how long an answer is waited for
    depth: int = 1      # so many commands of a client are under way at once


class Load:
    """All workers, in a process of their own."""

    def __init__(self, options):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.counts = context.RawArray("q", CLIENTS)
        self.process = context.Process(target=serve_load, args=(theirs, options, self.counts),
                                       daemon=True)
        self.process.start()
        theirs.close()

    def steps(self):
        """How many commands were answered so far."""
        return sum(self.counts)

    def go_on_until(self, steps, within):
        deadline = time.monotonic() + within
        while self.steps() < steps and time.monotonic() < deadline:
            time.sleep(0.1)

    def end(self):
        """Stops, compares; returns what was wrong."""
        self.pipe.send("end")
        errors = self.pipe.recv()
        self.process.join()
        return errors


def serve_load(pipe, options, counts):
    recorder = Recorder(options.history)
    errors = []
    over = threading.Event()
    workers = [Worker(number, recorder, options, errors, counts) for number in range(CLIENTS)]
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
    pipe.send(errors)


class Probe:
    """Takes a lock of its own at every node as often as it can, and remembers when it was granted:
    how long the service was away is how long all of them got nothing."""

    def __init__(self, addresses, timeout=0.5):
        self.timeout = timeout
        self.granted = collections.deque(maxlen=1000)
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(address, f"probe/{n}"))
                        for n, address in enumerate(addresses)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _run(self, address, name):
        attempt = 0  # another key each time, for nobody may have released the last one
        connection = None
        while not self.over.is_set():
            attempt += 1
            key = f"{name}/{attempt}"
            try:
                if connection is None:
                    connection = Connection(address, timeout=self.timeout)
                asked = time.monotonic()
                grant = connection.call("LOCK.ACQUIRE", key, "LEASE", 3000)
                self.granted.append((asked, time.monotonic()))
                connection.call("LOCK.RELEASE", key, grant["token"])
            except Refusal:
                pass  # MOVED, most often; this one goes on asking here
            except (OSError, Hangup):
                if connection is not None:
                    connection.close()
                connection = None
            time.sleep(0.005)

    def first_grant_after(self, moment):
        """When the first grant came that was asked for after the moment, or None."""
        return min((granted for asked, granted in list(self.granted) if asked > moment),
                   default=None)

    def next_grant_after(self, moment, within=60):
        """The same, and waits for it."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            granted = self.first_grant_after(moment)
            if granted is not None:
                return granted
            time.sleep(0.002)
        raise AssertionError("nothing was granted any more")
